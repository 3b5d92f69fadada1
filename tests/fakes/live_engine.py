"""A real engine server in a thread, and a client that says plainly what it saw."""

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import uvicorn
import websocket

from darkroom.engine.server.app import build
from darkroom.engine.server.engine import Engine
from darkroom.engine.server.serve import bound
from darkroom.engine.settings import Limits, Settings
from tests.fakes.engine_model import FakeDiffusion

Message = dict[str, Any]
PATIENCE_S = 60.0
"""With a machine that is busy; nothing is told by how soon something comes."""


class Ears:
    """One websocket; hears until something is said or nothing comes."""

    def __init__(self, url: str, client_id: str | None = None, **options: Any) -> None:
        query = f"?clientId={client_id}" if client_id else ""
        self.socket = websocket.WebSocket()
        self.socket.settimeout(PATIENCE_S)
        try:
            self.socket.connect(url.replace("http", "ws", 1) + "/ws" + query, **options)
        except websocket.WebSocketException:
            self.socket.shutdown()
            raise

    def say(self, message: object) -> None:
        self.socket.send(json.dumps(message))

    def next(self) -> Message:
        data = self.socket.recv()
        if isinstance(data, bytes):
            return {"type": "binary", "bytes": data}
        return json.loads(data)

    def until_done(self, prompt_id: str | None = None) -> list[Message]:
        """Everything up to and with `executing` of nothing, for this prompt if named."""
        heard = [self.next()]
        while not _is_done(heard[-1], prompt_id):
            heard.append(self.next())
        return heard

    def until(self, kind: str) -> list[Message]:
        heard = [self.next()]
        while heard[-1]["type"] != kind:
            heard.append(self.next())
        return heard

    def close(self) -> None:
        self.socket.close()
        self.socket.shutdown()  # `close` leaves a socket open that the server has closed


def _is_done(message: Message, prompt_id: str | None) -> bool:
    if message["type"] != "executing" or message["data"]["node"] is not None:
        return False
    return prompt_id in {None, message["data"]["prompt_id"]}


@dataclass
class LiveEngine:
    url: str
    engine: Engine
    model: FakeDiffusion
    client_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    session: requests.Session = field(default_factory=requests.Session)
    sockets: list[Ears] = field(default_factory=list)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(self.url + path, timeout=PATIENCE_S, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.session.post(self.url + path, timeout=PATIENCE_S, **options)

    def ears(self, client_id: str | None = None, **options: Any) -> Ears:
        ears = Ears(self.url, client_id, **options)
        self.sockets.append(ears)
        return ears

    def submit(self, graph: Any, **fields: Any) -> requests.Response:
        body = {"prompt": graph, "client_id": self.client_id} | fields
        return self.post("/prompt", json=body)

    def run(self, graph: Any, **fields: Any) -> tuple[str, list[Message]]:
        """Submit, wait for the end on a socket of our own, give id and messages."""
        ears = self.ears(fields.get("client_id", self.client_id))
        ears.next()
        answer = self.submit(graph, **fields)
        assert answer.status_code == 200, answer.text
        heard = ears.until_done(answer.json()["prompt_id"])
        ears.close()
        return answer.json()["prompt_id"], heard

    def history(self, prompt_id: str) -> dict[str, Any]:
        """The entry of a prompt, as soon as it has ended."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if entry := self.get(f"/history/{prompt_id}").json().get(prompt_id):
                return entry
            time.sleep(0.005)
        raise AssertionError(f"{prompt_id} does not end")


@contextmanager
def live_engine(root: Path, **limits: int) -> Generator[LiveEngine]:
    model = FakeDiffusion()
    settings = Settings(root, limits=Limits(**limits))
    engine = Engine(settings, model)
    listener = bound(settings)
    config = uvicorn.Config(
        build(engine), ws="websockets-sansio", log_level="error", server_header=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    live = LiveEngine(f"http://127.0.0.1:{listener.getsockname()[1]}", engine, model)
    try:
        yield live
    finally:
        model.release()
        for ears in live.sockets:
            ears.close()
        live.session.close()
        server.should_exit = True
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
