"""What goes over the socket between the resident scoring process and its clients.

Owns the framing: one JSON object, and bytes after it where there are any, both with
their lengths before them. Which messages there are is written here too; what they
lead to belongs to the server and the client.

    client: hello(specs)   score(id, wanted, alone, prompt, sha256, shape) + bytes   stop
    server: hello(pid, marks)   begin(work)   scores(id, wanted, scores)   alive
"""

import json
import socket
import struct
from typing import Any, cast

PROTOCOL = 1
"""Raised with every change of the messages; another number ends the conversation."""
HEAD = struct.Struct(">IQ")
MAX_HEADER = 4_000_000
MAX_BYTES = 300_000_000
"""A little more than the largest image that is opened."""

Message = dict[str, Any]


class Broken(ConnectionError):
    """The other side went away, or what it sent is no message."""


class Silent(Broken):
    """The other side is there and says nothing."""


def packed(message: Message, data: bytes | memoryview = b"") -> list[bytes | memoryview]:
    """The pieces of one frame, to be sent one after the other."""
    header = json.dumps(message, separators=(",", ":")).encode()
    return [HEAD.pack(len(header), len(data)), header, data]


def lengths(head: bytes) -> tuple[int, int]:
    """How long the two parts of a frame are; absurd lengths are refused."""
    header, data = HEAD.unpack(head)
    if header > MAX_HEADER or data > MAX_BYTES:
        raise Broken("a frame is longer than any message can be")
    return header, data


def parsed(header: bytes) -> Message:
    """The message of a frame."""
    try:
        said: object = json.loads(header)
    except ValueError as exc:
        raise Broken("a frame holds no message") from exc
    if not isinstance(said, dict) or "op" not in said:
        raise Broken("a frame holds no message")
    return cast("Message", said)


def send(sock: socket.socket, message: Message, data: bytes | memoryview = b"") -> None:
    """Send one frame; blocks while the other side is busy."""
    try:
        for piece in packed(message, data):
            sock.sendall(piece)
    except OSError as exc:
        raise Broken(f"the scoring process cannot be told: {exc}") from exc


def receive(sock: socket.socket) -> Message:
    """Wait for one frame without bytes; the socket's timeout bounds the wait."""
    header, _ = lengths(_exactly(sock, HEAD.size))
    return parsed(_exactly(sock, header))


def _exactly(sock: socket.socket, count: int) -> bytes:
    chunks: list[bytes] = []
    while count:
        try:
            chunk = sock.recv(count)
        except TimeoutError as exc:
            raise Silent("the scoring process says nothing any more") from exc
        except OSError as exc:
            raise Broken(f"the scoring process does not answer: {exc}") from exc
        if not chunk:
            raise Broken("the scoring process has gone")
        chunks.append(chunk)
        count -= len(chunk)
    return b"".join(chunks)
