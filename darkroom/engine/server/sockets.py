"""The websockets: who is connected, and what waits to be sent to each.

Owns ordering and delivery. Execution speaks from its own thread and never waits for
a slow reader. Of several sockets with one client id the newest is spoken to; when it
closes, the one before it is again (ComfyUI leaves a client deaf there).
"""

import asyncio
import contextlib
import json
import struct
import uuid
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from darkroom.engine.documents import mapping
from darkroom.engine.settings import Limits

_OUTBOX = 10_000
"""Messages; a reader further behind than this is cut off."""
_PREVIEW, _PREVIEW_WITH_METADATA, _JPEG = 1, 4, 1
_TRY_LATER = 1013


def features(limits: Limits) -> dict[str, Any]:
    """What this server can do, as /features and the first exchange on a socket say it."""
    return {
        "supports_preview_metadata": True,
        "supports_model_type_tags": False,
        "max_upload_size": limits.upload_bytes,
        "extension": {"darkroom": {"kind": "embedded"}},
        "node_replacements": False,
        "assets": False,
    }


class Outbox:
    """What one socket still has to be sent."""

    def __init__(self) -> None:
        self.wants_metadata = False
        self._waiting: asyncio.Queue[str | bytes | None] = asyncio.Queue()

    def put(self, message: str | bytes) -> None:
        """Add a message; one too many ends the connection."""
        if self._waiting.qsize() < _OUTBOX:
            self._waiting.put_nowait(message)
        else:
            self.close()

    def close(self) -> None:
        """End the connection after what waits."""
        self._waiting.put_nowait(None)

    async def pump(self, socket: WebSocket) -> None:
        """Send until the end."""
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while (message := await self._waiting.get()) is not None:
                if isinstance(message, str):
                    await socket.send_text(message)
                else:
                    await socket.send_bytes(message)
            await socket.close(_TRY_LATER)


class Hub:
    """Everyone connected."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._loop: asyncio.AbstractEventLoop | None = None
        self._clients: dict[str, list[Outbox]] = {}
        self._running: tuple[str | None, str | None] = (None, None)

    def open(self) -> None:
        """Begin to deliver, in the running event loop."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """End every connection; what is said later is not delivered."""
        self._loop = None
        for outboxes in self._clients.values():
            for outbox in outboxes:
                outbox.close()

    def tell(self, kind: str, data: dict[str, Any], client_id: str | None) -> None:
        """Send one message to a client, or to everyone where none is named."""
        self._later(_text(kind, data), client_id)

    def show(self, jpeg: bytes, metadata: dict[str, Any], client_id: str) -> None:
        """Send a preview frame in the form this client asked for."""
        if self.wants_metadata(client_id):
            described = json.dumps(metadata).encode()
            head = struct.pack(">II", _PREVIEW_WITH_METADATA, len(described)) + described
        else:
            head = struct.pack(">II", _PREVIEW, _JPEG)
        self._later(head + jpeg, client_id)

    def wants_metadata(self, client_id: str) -> bool:
        """Whether this client asked for previews with metadata."""
        outboxes = self._clients.get(client_id)
        return bool(outboxes) and outboxes[-1].wants_metadata

    def now_running(self, client_id: str | None, node_id: str | None) -> None:
        """Note what a client that comes back is told first."""
        self._running = (client_id, node_id)

    def _later(self, message: str | bytes, client_id: str | None) -> None:
        loop = self._loop
        if loop is not None and self._clients:
            with contextlib.suppress(RuntimeError):  # the loop closed meanwhile
                loop.call_soon_threadsafe(self._deliver, message, client_id)

    def _deliver(self, message: str | bytes, client_id: str | None) -> None:
        if client_id is None:
            for outboxes in self._clients.values():
                outboxes[-1].put(message)
        elif client_id in self._clients:
            self._clients[client_id][-1].put(message)

    async def serve(self, socket: WebSocket, status: dict[str, Any]) -> None:
        """Keep one socket until it closes."""
        client_id = socket.query_params.get("clientId") or uuid.uuid4().hex
        await socket.accept()
        if sum(map(len, self._clients.values())) >= self._limits.sockets:
            await socket.close(_TRY_LATER)
            return
        outbox = self._join(client_id, status)
        pump = asyncio.create_task(outbox.pump(socket))
        try:
            await self._listen(socket, outbox)
        finally:
            self._leave(client_id, outbox)
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)

    def _join(self, client_id: str, status: dict[str, Any]) -> Outbox:
        outbox = Outbox()
        outbox.put(_text("status", {"status": status, "sid": client_id}))
        running_client, node_id = self._running
        if running_client == client_id and node_id is not None:
            outbox.put(_text("executing", {"node": node_id}))
        self._clients.setdefault(client_id, []).append(outbox)
        return outbox

    def _leave(self, client_id: str, outbox: Outbox) -> None:
        self._clients[client_id].remove(outbox)
        if not self._clients[client_id]:
            del self._clients[client_id]

    async def _listen(self, socket: WebSocket, outbox: Outbox) -> None:
        """Wait for the end; only a first message of feature flags means anything."""
        is_first = True
        while (message := await socket.receive())["type"] == "websocket.receive":
            flags = _flags(message.get("text")) if is_first else None
            is_first = False
            if flags is not None:
                outbox.wants_metadata = flags.get("supports_preview_metadata") is True
                outbox.put(_text("feature_flags", features(self._limits)))


def _text(kind: str, data: dict[str, Any]) -> str:
    return json.dumps({"type": kind, "data": data})


def _flags(text: str | None) -> dict[str, Any] | None:
    try:
        message = mapping(json.loads(text or ""))
    except (ValueError, RecursionError):
        return None
    return mapping(message.get("data")) if message.get("type") == "feature_flags" else None
