"""The routes of the scripted ComfyUI: how its state answers over HTTP and upgrades to sockets.

Holds no state of its own; `comfy` is the `ComfyServer` behind it.
"""

import json
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.comfy_sockets import Peer, accept_key

PLAIN = "text/plain; charset=utf-8"
JSON = "application/json; charset=utf-8"
LONGEST_S = 60.0


def status_message(remaining: int) -> dict[str, Any]:
    return {"type": "status", "data": {"status": {"exec_info": {"queue_remaining": remaining}}}}


def _one(entries: dict[str, Any], name: str) -> dict[str, Any]:
    return {name: entries[name]} if name in entries else {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: no waiting for delayed acknowledgements
    disable_nagle_algorithm = True
    comfy: Any

    def log_message(self, *_: object) -> None:
        return

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.endswith("/ws"):
            self._websocket()
            return
        self._serve("GET", path, lambda: self._get(path))

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        length = int(self.headers.get("Content-Length", 0))
        raw = self.rfile.read(length)
        if len(raw) < length:  # its sender was killed or cut off: nothing was asked
            self.close_connection = True
            return
        self._serve("POST", path, lambda: self._post(path, raw))

    def _serve(self, verb: str, path: str, act: Callable[[], tuple[int, Any]]) -> None:
        self.comfy.calls.append(f"auth {self.headers.get('Authorization', 'none')}")
        fault = self.comfy.take_fault(f"{verb} {path}")
        if fault is None:
            self._answer(*act())
            return
        answer = act() if fault.is_handled or fault.cuts_at is not None else None
        if fault.hangs:
            self.comfy.stopping.wait(LONGEST_S)
        if fault.hangs or fault.drops:
            self.close_connection = True
        elif answer is not None and fault.cuts_at is not None:
            self._answer(*answer, cut=fault.cuts_at)
        else:
            self._send(fault.status, fault.content_type, fault.body)

    def _answer(self, status: int, body: Any, cut: int | None = None) -> None:
        if isinstance(body, bytes):
            self._send(status, "image/png" if body else PLAIN, body, cut)
        else:
            self._send(status, JSON, json.dumps(body).encode(), cut)

    def _send(self, status: int, kind: str, body: bytes, cut: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])
        self.close_connection = self.close_connection or cut is not None

    def _get(self, path: str) -> tuple[int, Any]:
        comfy = self.comfy
        whole = {
            "queue": comfy.queue_document,
            "system_stats": lambda: comfy.stats,
            "features": lambda: comfy.features,
            "object_info": lambda: comfy.catalogue,
        }
        *_, folder, name = path.split("/")
        with comfy.lock:
            if folder == "history":
                return 200, _one(comfy.history, name)
            if folder == "object_info":
                return 200, _one(comfy.catalogue, name)
            if name in whole:
                return 200, whole[name]()
        return self._view() if name == "view" else (404, b"")

    def _view(self) -> tuple[int, Any]:
        query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        key = (query.get("type", "output"), query.get("subfolder", ""), query["filename"])
        data = self.comfy.files.get(key)
        return (200, data) if data is not None else (404, b"")

    def _post(self, path: str, raw: bytes) -> tuple[int, Any]:
        comfy, parts = self.comfy, path.strip("/").split("/")
        if parts[-1] == "image":
            return self._upload(raw)
        body = json.loads(raw) if raw else {}
        if parts[-1] == "prompt":
            return comfy.queue_prompt(body)
        if parts[-1] == "cancel" and comfy.has_jobs_route:
            return 200, {"cancelled": comfy.cancel(parts[-2])}
        acts = {
            "queue": lambda: [comfy.cancel(one, running=False) for one in body["delete"]],
            "interrupt": lambda: comfy.interrupt(body.get("prompt_id")),
            "history": lambda: [comfy.history.pop(one, None) for one in body["delete"]],
            "free": lambda: comfy.calls.append(f"freed {sorted(body)}"),
        }
        if parts[-1] not in acts:
            return 404, b""
        acts[parts[-1]]()
        return 200, b""

    def _upload(self, raw: bytes) -> tuple[int, Any]:
        _, _, rest = raw.partition(b'filename="')
        name = rest.partition(b'"')[0].decode()
        data = rest.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0].partition(b"\r\n--")[0]
        while self.comfy.files.get(("input", "", name), data) != data:
            name = name.replace(".png", " (1).png")
        self.comfy.files["input", "", name] = data
        return 200, {"name": name, "subfolder": "", "type": "input"}

    def _websocket(self) -> None:
        comfy = self.comfy
        comfy.calls.append("GET /ws")
        comfy.origins.append(self.headers.get("Origin"))
        if not comfy.takes_sockets:
            self._send(404, PLAIN, b"")
            return
        client_id = parse_qs(urlsplit(self.path).query).get("clientId", [uuid.uuid4().hex])[0]
        self.send_response(101, "Switching Protocols")
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept_key(self.headers["Sec-WebSocket-Key"]))
        self.end_headers()
        self.wfile.flush()
        peer = Peer(self.connection)
        comfy.sockets.add(client_id, peer)
        if comfy.says_status:
            peer.send(status_message(len(comfy.pending)))
        running, node = comfy.running, comfy.last_node  # the worker goes on meanwhile
        if running and running.client_id == client_id and node:
            peer.send({"type": "executing", "data": {"node": node}})
        peer.serve()
        self.close_connection = True
        comfy.sockets.remove(client_id, peer)
