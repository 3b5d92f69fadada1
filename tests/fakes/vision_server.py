"""A vision provider that answers by script: what a real one has been seen to do."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    hang_up: bool = False


@dataclass
class Script:
    """Replies in order; the last one repeats. Requests are kept for the test to read."""

    replies: list[Reply]
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    url: str = ""
    think: Callable[[dict[str, Any]], Reply] | None = None
    """Answers by what was asked, where no list of replies will do."""
    at_once: int = 0
    most_at_once: int = 0
    """The most requests that were ever being answered at the same time."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_reply(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    @contextmanager
    def counted(self) -> Generator[None]:
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            yield
        finally:
            with self.lock:
                self.at_once -= 1


@contextmanager
def vision_server(*replies: Reply) -> Generator[Script]:
    script = Script(list(replies))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(script))
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(script: Script) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            body = json.loads(sent)
            with script.counted():
                script.requests.append(body)
                script.headers.append(dict(self.headers))
                script.paths.append(self.path)
                reply = script.think(body) if script.think else script.next_reply()
            self._answer(reply)  # whoever has it may ask the next at once: that is not at once

        def _answer(self, reply: Reply) -> None:
            if reply.hang_up:
                self.close_connection = True
                self.connection.close()
                return
            payload = reply.raw if reply.raw is not None else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(payload)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)

    return Handler


def openai_reply(text: str | None, first_token: dict[str, float] | None = None) -> Reply:
    rows = [{"token": t, "logprob": p} for t, p in (first_token or {}).items()]
    return Reply(
        body={
            "choices": [
                {
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": text},
                    "logprobs": {"content": [{"top_logprobs": rows}]} if rows else None,
                }
            ],
            "usage": {"prompt_tokens": 11, "completion_tokens": 3},
        }
    )


def ollama_reply(**message: object) -> Reply:
    return Reply(body={"message": message, "prompt_eval_count": 7, "eval_count": 2})
