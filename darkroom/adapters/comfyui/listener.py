"""One websocket for one job: opened before the job is sent, read while it is waited for.

Owns `websocket-client`, pings and reconnections. The client id is the job's own id, so
that any process may listen again after a crash, and no id is ever used for a second job.
An old socket is closed, handshake included, before a new one opens: the server's clean-up
of the old one would make the new one deaf. Every fault here means only: no hints.
"""

import contextlib
import random
import time
from dataclasses import dataclass
from typing import cast

import websocket

from darkroom.adapters.comfyui.address import Address
from darkroom.adapters.comfyui.faults import FOREIGN
from darkroom.adapters.comfyui.messages import (
    FEATURE_FLAGS,
    Message,
    QueueStatus,
    read_binary,
    read_text,
)
from darkroom.adapters.comfyui.timing import Timing

_TEXT, _BINARY, _CLOSE = (
    websocket.ABNF.OPCODE_TEXT,
    websocket.ABNF.OPCODE_BINARY,
    websocket.ABNF.OPCODE_CLOSE,
)
_GOODBYE_S = 1.0
_Received = tuple[int, websocket.ABNF]


@dataclass(frozen=True)
class Silence:
    """Nothing came within the time given."""


@dataclass(frozen=True)
class Broken:
    """The socket is gone, and was closed on our side as well."""


class Listener:
    """The socket of one job; not shared between threads."""

    def __init__(
        self, address: Address, timing: Timing, client_id: str, rest_until: float = 0.0
    ) -> None:
        self._address = address
        self._timing = timing
        self._client_id = client_id
        self._socket: websocket.WebSocket | None = None
        self._heard_at = 0.0
        self._pinged_at = 0.0
        self._failures = 0
        self._retry_at = rest_until
        self.is_doubtful = False
        """Whether it was connected anew while the job was under way: it may be deaf."""

    @property
    def is_open(self) -> bool:
        """Whether there is a socket to read from."""
        return self._socket is not None

    def open(self) -> bool:
        """Connect and wait for the first `status`; says whether it worked."""
        try:
            self._socket = self._connected()
            self._await_status()
        except FOREIGN:
            self.close()
            return False
        self._failures = 0
        return True

    def rest_until(self, moment: float) -> None:
        """Connect no earlier than this."""
        self._retry_at = moment

    def _connected(self) -> websocket.WebSocket:
        is_direct = self._address.is_local
        connection = websocket.create_connection(
            self._address.socket_url(self._client_id),
            timeout=self._timing.connect_s,
            header=self._address.socket_headers(),
            suppress_origin=True,
            redirect_limit=0,
            # the library heeds "no proxy" only beside a proxy's name; this one is never asked
            http_proxy_host="none" if is_direct else None,
            http_no_proxy=["*"] if is_direct else None,
        )
        self._heard_at = self._pinged_at = time.monotonic()
        return connection

    def _await_status(self) -> None:
        """The server registers a socket before it sends this; nothing is missed from then on."""
        assert self._socket is not None
        self._socket.settimeout(self._timing.socket_ready_s)
        self._socket.send(FEATURE_FLAGS)
        until = time.monotonic() + self._timing.socket_ready_s
        while time.monotonic() < until:
            if isinstance(self._read(self._socket), QueueStatus):
                return
        raise websocket.WebSocketTimeoutException("no status message")

    def hear(self, wait_s: float) -> Message | Silence | Broken:
        """The next message that can be read, silence after `wait_s`, or the end of the socket."""
        until = time.monotonic() + wait_s
        while self._socket is not None:
            left_s = until - time.monotonic()
            if left_s <= 0:
                return Silence()
            try:
                self._keep_alive(self._socket)
                self._socket.settimeout(left_s)
                message = self._read(self._socket)
            except websocket.WebSocketTimeoutException:
                continue
            except FOREIGN:
                self.close()
                self._plan_retry()
                return Broken()
            if message is not None:
                return message
        return Broken()

    def _read(self, connection: websocket.WebSocket) -> Message | None:
        opcode, frame = cast("_Received", connection.recv_data_frame(control_frame=True))  # pyright: ignore[reportUnknownMemberType] - half-typed upstream
        self._heard_at = time.monotonic()
        if opcode == _CLOSE:
            raise websocket.WebSocketConnectionClosedException("closed by the server")
        data = frame.data if isinstance(frame.data, bytes) else frame.data.encode()
        if opcode == _TEXT:
            return read_text(data)
        return read_binary(data) if opcode == _BINARY else None

    def _keep_alive(self, connection: websocket.WebSocket) -> None:
        now = time.monotonic()
        if now - self._heard_at > self._timing.socket_idle_s:
            raise websocket.WebSocketConnectionClosedException("no pong")
        if now - max(self._heard_at, self._pinged_at) > self._timing.socket_ping_s:
            self._pinged_at = now
            connection.ping()

    def reopen_when_due(self) -> None:
        """Connect anew, not more often than the timing allows."""
        if self._socket is None and time.monotonic() >= self._retry_at:
            self.is_doubtful = True
            if not self.open():
                self._failures += 1
                self._plan_retry()

    def _plan_retry(self) -> None:
        pause_s = self._timing.nth(self._timing.socket_retry_s, self._failures)
        jitter = 0.75 + random.random() / 2
        self._retry_at = time.monotonic() + pause_s * jitter

    def close(self) -> None:
        """Say goodbye and wait for the answer, so that the server has forgotten this socket."""
        connection, self._socket = self._socket, None
        if connection is not None:
            with contextlib.suppress(*FOREIGN):
                connection.close(timeout=_GOODBYE_S)
            with contextlib.suppress(*FOREIGN):
                connection.shutdown()
