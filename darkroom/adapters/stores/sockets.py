"""Connections whose every transfer ends with the call it serves.

The time limits of a socket are per operation, so a server that sends one byte now
and then could hold a caller for hours. Here each receive, send, connect and name
look-up is bounded by what is left of the call in progress. Knows no HTTP.
"""

import queue
import socket
import ssl
import threading
import time
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from darkroom.adapters.stores.bounds import Call, Limits, current_call

_SEND_BYTES = 64 * 1024


def _arm(sock: socket.socket) -> None:
    if call := current_call():
        sock.settimeout(min(call.limits.read_s, call.remaining_s))


class _Socket(socket.socket):
    """A socket whose every transfer ends with the call it serves."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        _arm(self)
        return super().recv_into(*args, **kwargs)

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        # the limit of the plain sendall covers all the data; here it means silence
        view = memoryview(data).cast("B")
        for start in range(0, len(view), _SEND_BYTES):
            _arm(self)
            super().sendall(view[start : start + _SEND_BYTES], flags)


class TLSSocket(ssl.SSLSocket):
    """The same over TLS, where `sendall` is a loop over `send`."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Receive within what is left of the call."""
        _arm(self)
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        """Send within what is left of the call."""
        _arm(self)
        return super().send(*args, **kwargs)


def _addresses(host: str, port: int, timeout_s: float) -> list[Any]:
    """Look a name up in a thread of its own: the resolver takes no deadline."""
    found: queue.SimpleQueue[list[Any] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as error:
            found.put(error if isinstance(error, OSError) else socket.gaierror(str(error)))

    threading.Thread(target=look_up, daemon=True, name="store-resolver").start()
    try:
        answer = found.get(timeout=timeout_s)
    except queue.Empty:
        raise socket.gaierror(f"no answer for {host} in {timeout_s:.0f} s") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _connect(host: str, port: int, options: Any, call: Call) -> socket.socket:
    failure: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _name, address in _addresses(host, port, call.remaining_s):
        sock = _Socket(family, kind, protocol)
        try:
            for option in options or ():
                sock.setsockopt(*option)
            sock.settimeout(min(call.limits.connect_s, call.remaining_s))
            sock.connect(address)
            sock.settimeout(min(call.limits.read_s, call.remaining_s))  # for a TLS handshake
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


def _open(connection: HTTPConnection) -> socket.socket:
    call = current_call() or Call(time.monotonic() + Limits().total_s, Limits())
    port = connection.port or connection.default_port
    try:
        return _connect(connection.host, port, connection.socket_options, call)
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    except TimeoutError as error:
        raise ConnectTimeoutError(
            connection, f"{connection.host} did not accept in time"
        ) from error
    except OSError as error:
        raise NewConnectionError(connection, f"cannot connect: {error}") from error


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _open(self)


class _TLSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _open(self)


class PlainPool(HTTPConnectionPool):
    """Connections without TLS that keep to the deadline."""

    ConnectionCls = _Connection  # pyright: ignore[reportAssignmentType] - urllib3 says so itself


class TLSPool(HTTPSConnectionPool):
    """Connections with TLS that keep to the deadline."""

    ConnectionCls = _TLSConnection  # pyright: ignore[reportAssignmentType]
