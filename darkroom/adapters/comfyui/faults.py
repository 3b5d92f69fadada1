"""What can go wrong on the way to a server, said in our words.

Owns the translation of every exception of requests, urllib3 and websocket-client, and
the cutting of texts that servers send: no traceback, no path, no control character.
"""

import re
import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager

import requests
import urllib3
import websocket

from darkroom.core.errors import ComfyError, ComfyUnreachable
from darkroom.core.text import shortened, visible

FOREIGN = (
    requests.RequestException,
    requests.exceptions.RequestsWarning,
    urllib3.exceptions.HTTPError,
    urllib3.exceptions.HTTPWarning,
    urllib3.exceptions.ProxySchemeUnsupported,
    websocket.WebSocketException,
    OSError,
)
"""Everything the libraries raise; a test goes through all of their classes."""

_LONGEST = 300
_WINDOWS_PATH = re.compile(r"\b[A-Za-z]:\\(?:[^\\\s'\"<>|]+\\)+")
_POSIX_PATH = re.compile(r"(?<![\w.:/])/(?:[\w.@+~-]+/)+")
_HTTP_BAD_GATEWAYS = frozenset({502, 503, 504})


@contextmanager
def translated(where: str) -> Generator[None]:
    """Turn every foreign exception of the block into one of ours."""
    try:
        yield
    except FOREIGN as exc:
        raise translate(exc, where) from exc


def translate(exc: Exception, where: str) -> ComfyError:
    """Our error for a foreign one; never repeats its text, which may hold an address whole."""
    root = _root(exc)
    if isinstance(root, ssl.SSLError) or isinstance(
        exc, requests.exceptions.SSLError | urllib3.exceptions.SSLError
    ):
        return ComfyUnreachable("comfy-tls", "the server's certificate is refused", where=where)
    if isinstance(exc, websocket.WebSocketBadStatusException):
        return ComfyError("comfy-socket", "the server takes no websocket", where=where)
    return ComfyUnreachable("comfy-unreachable", _reason(exc, root), where=where)


def _reason(exc: Exception, root: BaseException) -> str:
    if isinstance(root, ConnectionRefusedError):
        return "nothing listens there: the connection was refused"
    if isinstance(root, socket.gaierror):
        return "the name of the host is not known"
    if _is_timeout(exc) or _is_timeout(root):
        return "no answer in time"
    if isinstance(root, ConnectionError | urllib3.exceptions.ProtocolError):
        return "the connection broke before the answer was complete"
    return f"the request failed ({type(exc).__name__})"


def _is_timeout(exc: BaseException) -> bool:
    return isinstance(
        exc,
        TimeoutError
        | requests.Timeout
        | urllib3.exceptions.TimeoutError
        | websocket.WebSocketTimeoutException,
    )


def _root(exc: BaseException) -> BaseException:
    """The first cause: the libraries wrap the system's error several times."""
    seen: set[int] = set()
    while id(exc) not in seen:
        seen.add(id(exc))
        inner = getattr(exc, "reason", None) or exc.__cause__ or exc.__context__
        inner = inner or next((a for a in exc.args if isinstance(a, BaseException)), None)
        if not isinstance(inner, BaseException):
            break
        exc = inner
    return exc


def never_connected(error: ComfyError) -> bool:
    """Whether the request cannot have reached the server."""
    cause = error.__cause__
    root = _root(cause) if cause else None
    refused = isinstance(root, ConnectionRefusedError | socket.gaierror)
    return refused or isinstance(cause, requests.exceptions.ConnectTimeout)


def tidy(text: object, limit: int = _LONGEST) -> str:
    """A server's text on one line, without folders, short enough to read."""
    one_line = " ".join(str(text).split())
    cut = _POSIX_PATH.sub(".../", _WINDOWS_PATH.sub(r"...\\", one_line))
    return visible(shortened(cut, limit))


def refused_status(status: int, where: str) -> ComfyError:
    """Our error for an answer whose status says that this is not the server we want."""
    if status in {401, 403}:
        return ComfyError(
            "comfy-denied", f"the server refuses the request (HTTP {status})", where=where
        )
    if status in _HTTP_BAD_GATEWAYS:
        message = f"a proxy answers in the server's place (HTTP {status})"
        return ComfyUnreachable("comfy-unreachable", message, where=where)
    if 300 <= status < 400:  # noqa: PLR2004 - the HTTP classes of answers
        message = f"the address is a redirection (HTTP {status}); use the address it leads to"
        return ComfyError("comfy-answer", message, where=where)
    return ComfyError("comfy-answer", f"the server answers HTTP {status}", where=where)
