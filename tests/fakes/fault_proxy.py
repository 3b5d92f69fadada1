"""A loopback TCP proxy that misbehaves on demand: what a network and a sick server do.

A test changes `proxy.faults` while connections are open. Bytes are counted per
connection and direction; "down" is towards the client.
"""

import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

_READ_BYTES = 16 * 1024
_POLL_S = 0.02


@dataclass
class Faults:
    """What goes wrong at present."""

    refuse: bool = False
    """Close each connection with a reset before anything is said."""
    hang: bool = False
    """Accept, and never answer."""
    latency_s: float = 0.0
    """Before each piece that passes, in both directions."""
    trickle_s: float = 0.0
    """Send the answer byte by byte, with so much time between two."""
    cut_up_after: int | None = None
    cuts_up: int = 1_000_000
    """So many connections are cut in that way; later ones pass."""
    dies_at: bytes = b""
    """When a request holds these bytes, nothing is answered from then on."""
    cut_down_after: int | None = None
    """Pass so many bytes, then reset the connection."""
    freeze_down_after: int | None = None
    """Pass so many bytes, then send nothing more and stay connected."""
    flip_down_at: int | None = None
    """Invert the byte at this offset of the answer."""
    answers: int = 0
    """Answer so many requests ourselves, with `status`, `content_type` and `body`."""
    status: int = 503
    headers: str = ""
    content_type: str = "application/xml"
    body: str = "<Error><Code>SlowDown</Code><Message>injected</Message></Error>"


class FaultProxy:
    """Listens on a free port in front of one server; use as a context manager."""

    def __init__(self, port: int) -> None:
        self._upstream = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.faults = Faults()
        self.connections = 0
        self._closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._counting = threading.Lock()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_quiet(self) -> bool:
        """Whether every connection that was ever accepted is over, and all it held passed on."""
        return not any(thread.is_alive() for thread in self._threads[1:])

    def hang_up(self) -> None:
        """Break what is open, so that the present faults meet everything that follows."""
        for sock in list(self._open):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in list(self._open):
            _shut(sock)
        for thread in self._threads:
            thread.join(timeout=5)

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, client)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self, client: socket.socket) -> None:
        self._open.add(client)
        try:
            if self.faults.refuse:
                _reset(client)
            elif self.faults.hang:
                self._wait_for_end()
            elif self._is_to_answer():
                self._answer(client)
            else:
                self._relay(client)
        except OSError:
            pass
        finally:
            self._open.discard(client)
            client.close()

    def _wait_for_end(self) -> None:
        while self.faults.hang and not self._closing.is_set():
            time.sleep(_POLL_S)

    def _is_to_answer(self) -> bool:
        with self._counting:  # of several connections at once
            is_to = self.faults.answers > 0
            self.faults.answers -= is_to
            return is_to

    def _answer(self, client: socket.socket) -> None:
        faults = self.faults
        head = _read_request(client)
        body = b"" if head.startswith(b"HEAD") else faults.body.encode()
        client.sendall(
            f"HTTP/1.1 {faults.status} Injected\r\nContent-Type: {faults.content_type}\r\n"
            f"Content-Length: {len(faults.body.encode())}\r\n{faults.headers}"
            "Connection: close\r\n\r\n".encode()
            + body
        )

    def _relay(self, client: socket.socket) -> None:
        # one thread for both directions: a socket that another thread reads cannot be reset
        server = socket.create_connection(self._upstream)
        self._open.add(server)
        try:
            self._pump(client, server)
        except OSError:
            _reset(client)
            _reset(server)
        finally:
            self._open.discard(server)
            server.close()

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        passed = {client: 0, server: 0}
        while not self._closing.is_set():
            for source in select.select([client, server], [], [], _POLL_S)[0]:
                data = source.recv(_READ_BYTES)
                if not data:
                    return
                time.sleep(self.faults.latency_s)
                if source is client:
                    self._send_up(server, data, passed[client])
                else:
                    self._send_down(client, data, passed[server])
                passed[source] += len(data)

    def _send_up(self, target: socket.socket, data: bytes, passed: int) -> None:
        faults = self.faults
        if faults.dies_at and faults.dies_at in data:
            self.faults = Faults(refuse=True)
            self.hang_up()
            raise OSError("dead")
        try:
            _send_until(target, data, passed, faults.cut_up_after if faults.cuts_up > 0 else None)
        except OSError:
            with self._counting:
                faults.cuts_up -= 1
            raise

    def _send_down(self, target: socket.socket, data: bytes, passed: int) -> None:
        frozen, flipped = self.faults.freeze_down_after, self.faults.flip_down_at
        cut = self.faults.cut_down_after
        if frozen is not None and passed + len(data) > frozen:
            target.sendall(data[: max(0, frozen - passed)])
            while self.faults.freeze_down_after is not None and not self._closing.is_set():
                time.sleep(_POLL_S)
            raise OSError("thawed")
        if flipped is not None and passed <= flipped < passed + len(data):
            changed = bytearray(data)
            changed[flipped - passed] ^= 0xFF
            data = bytes(changed)
        if self.faults.trickle_s:
            for byte in data:
                target.sendall(bytes([byte]))
                if self._closing.wait(self.faults.trickle_s):
                    return
        else:
            _send_until(target, data, passed, cut)


def _send_until(target: socket.socket, data: bytes, passed: int, cut: int | None) -> None:
    """Send, or send what is allowed and fail so that both sides are reset."""
    if cut is None or passed + len(data) < cut:
        target.sendall(data)
        return
    target.sendall(data[: max(0, cut - passed)])
    time.sleep(_POLL_S)  # what was passed should arrive before the reset
    raise OSError("cut")


def _read_request(client: socket.socket) -> bytes:
    """The whole request: to answer and close before reading it would reset the connection."""
    seen = b""
    while b"\r\n\r\n" not in seen:
        if not (more := client.recv(_READ_BYTES)):
            return seen
        seen += more
    head, _, body = seen.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length and (more := client.recv(_READ_BYTES)):
        body += more
    return head


def _reset(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with suppress(OSError):
        sock.close()


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
