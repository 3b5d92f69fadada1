"""The server's end of websockets, by hand: handshake, frames, and nothing clever.

Keeps one trait of real ComfyUI on purpose: when a socket's handler ends, whatever is
registered under its client id is removed, even a newer socket, which goes deaf then.
"""

import base64
import hashlib
import json
import socket
import struct
import threading
from typing import Any

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def accept_key(key: str) -> str:
    digest = hashlib.sha1(f"{key}{_MAGIC}".encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


class Peer:
    """One connected client."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self.received: list[str] = []
        self.sent = 0
        self.answers_pings = True

    def send(self, message: object) -> None:
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.frame(BINARY if isinstance(message, bytes) else TEXT, data)
        self.sent += 1

    def frame(self, opcode: int, data: bytes) -> None:
        size = len(data)
        if size < 126:
            head = struct.pack(">BB", 0x80 | opcode, size)
        elif size < 1 << 16:
            head = struct.pack(">BBH", 0x80 | opcode, 126, size)
        else:
            head = struct.pack(">BBQ", 0x80 | opcode, 127, size)
        try:
            with self._lock:
                self._connection.sendall(head + data)
        except OSError:
            return  # the client is gone; a real server notices later, too

    def serve(self) -> None:
        """Read until the client says goodbye or vanishes."""
        while (received := self._read_frame()) is not None:
            opcode, data = received
            if opcode == CLOSE:
                self.frame(CLOSE, data)
                return
            if opcode == PING and self.answers_pings:
                self.frame(PONG, data)
            elif opcode == TEXT:
                self.received.append(data.decode())

    def _read_frame(self) -> tuple[int, bytes] | None:
        head = self._exactly(2)
        if head is None:
            return None
        size = head[1] & 0x7F
        if size >= 126:
            more = self._exactly(2 if size == 126 else 8)
            size = int.from_bytes(more or b"")
        mask, data = self._exactly(4), self._exactly(size)
        if mask is None or data is None:
            return None
        plain = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
        return head[0] & 0x0F, plain

    def _exactly(self, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            try:
                piece = self._connection.recv(size - len(data))
            except OSError:
                return None
            if not piece:
                return None
            data += piece
        return data

    def hang_up(self) -> None:
        """Break the connection without a word."""
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


class Registry:
    """Which client id has which socket."""

    def __init__(self) -> None:
        self.by_id: dict[str, Peer] = {}
        self.all: list[Peer] = []
        self.opened: list[str] = []
        self.lock = threading.RLock()
        self.lingers = threading.Event()
        """While set, handlers of broken sockets end late, as with half-open connections."""
        self.stopping = threading.Event()

    def add(self, client_id: str, peer: Peer) -> None:
        with self.lock:
            self.by_id[client_id] = peer
            self.all.append(peer)
            self.opened.append(client_id)

    def remove(self, client_id: str, peer: Peer) -> None:
        """What the server's clean-up does, fault included."""
        while self.lingers.is_set() and self._is_newest(client_id, peer):
            if self.stopping.wait(0.01):
                break
        with self.lock:
            self.by_id.pop(client_id, None)
            if peer in self.all:
                self.all.remove(peer)

    def _is_newest(self, client_id: str, peer: Peer) -> bool:
        with self.lock:
            return self.by_id.get(client_id) is peer

    def send(self, client_id: str | None, message: Any) -> None:
        with self.lock:
            peers = list(self.all) if client_id is None else [self.by_id.get(client_id)]
        for peer in peers:
            if peer is not None:
                peer.send(message)

    def hang_up_all(self) -> None:
        with self.lock:
            peers = list(self.all)
        for peer in peers:
            peer.hang_up()
