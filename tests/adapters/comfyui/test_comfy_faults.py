"""Every exception of the libraries below becomes one of ours, and no server text leaks."""

import inspect
import socket
import ssl
from collections.abc import Iterator
from types import ModuleType

import pytest
import requests
import urllib3
import websocket
from websocket import _exceptions as websocket_exceptions

from darkroom.adapters.comfyui.address import read_address
from darkroom.adapters.comfyui.faults import never_connected, refused_status, tidy, translated
from darkroom.core.errors import ComfyError, ComfyUnreachable, DarkroomError, UsageError

WHERE = "http://studio:8188/prompt"


def exceptions_of(module: ModuleType) -> Iterator[type[Exception]]:
    for _, found in inspect.getmembers(module, inspect.isclass):
        if issubclass(found, Exception) and found.__module__.startswith(
            ("requests", "urllib3", "websocket")
        ):
            yield found


FOREIGN = sorted(
    {
        *exceptions_of(requests.exceptions),
        *exceptions_of(urllib3.exceptions),
        *exceptions_of(websocket_exceptions),
    },
    key=lambda found: f"{found.__module__}.{found.__name__}",
)


def made(kind: type[Exception]) -> Exception:
    error = kind.__new__(kind)
    error.args = ("secret-text",)
    return error


@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_foreign_exception_is_translated(kind: type[Exception]) -> None:
    with pytest.raises(ComfyError) as caught, translated(WHERE):
        raise made(kind)
    assert caught.value.where == WHERE
    assert "secret-text" not in caught.value.message


def test_the_list_of_foreign_exceptions_is_not_empty() -> None:
    assert len(FOREIGN) > 50


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConnectionRefusedError(), "comfy-unreachable", "nothing listens"),
        (socket.gaierror(), "comfy-unreachable", "not known"),
        (requests.ReadTimeout(), "comfy-unreachable", "no answer in time"),
        (TimeoutError(), "comfy-unreachable", "no answer in time"),
        (ConnectionResetError(), "comfy-unreachable", "broke"),
        (requests.exceptions.ChunkedEncodingError(), "comfy-unreachable", "failed"),
        (ssl.SSLError(), "comfy-tls", "certificate"),
        (requests.exceptions.SSLError(), "comfy-tls", "certificate"),
        (websocket.WebSocketTimeoutException(), "comfy-unreachable", "no answer in time"),
        (OSError("disk"), "comfy-unreachable", "OSError"),
    ],
)
def test_the_reason_is_told_in_our_words(error: Exception, code: str, said: str) -> None:
    with pytest.raises(ComfyError) as caught, translated(WHERE):
        raise error
    assert caught.value.code == code
    assert said in caught.value.message


def test_a_cause_that_is_wrapped_several_times_is_found() -> None:
    inner = urllib3.exceptions.MaxRetryError(None, "/", ConnectionRefusedError())
    with pytest.raises(ComfyUnreachable) as caught, translated(WHERE):
        raise requests.ConnectionError(inner)
    assert "nothing listens" in caught.value.message
    assert never_connected(caught.value)


@pytest.mark.parametrize("cause", [requests.ReadTimeout(), ConnectionResetError(), None])
def test_what_may_have_arrived_is_not_called_unsent(cause: Exception | None) -> None:
    error = ComfyUnreachable("comfy-unreachable", "x")
    error.__cause__ = cause
    assert not never_connected(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, ComfyError),
        (401, ComfyError),
        (403, ComfyError),
        (404, ComfyError),
        (418, ComfyError),
        (500, ComfyError),
        (502, ComfyUnreachable),
        (503, ComfyUnreachable),
        (504, ComfyUnreachable),
    ],
)
def test_a_bad_status_is_an_error(status: int, kind: type[DarkroomError]) -> None:
    error = refused_status(status, WHERE)
    assert type(error) is kind
    assert str(status) in error.message


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Truncated File Read\n", "Truncated File Read"),
        ("in /srv/comfy/nodes.py line 3", "in .../nodes.py line 3"),
        (r"in C:\Users\ann\ComfyUI\nodes.py", r"in ...\nodes.py"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("1/2 of it, see http://x.y/z/a", "1/2 of it, see http://x.y/z/a"),
        ("x" * 400, "x" * 300 + "... (100 more characters)"),
    ],
)
def test_a_servers_text_is_one_line_without_folders(text: str, shown: str) -> None:
    assert tidy(text) == shown


@pytest.mark.parametrize(
    ("text", "base", "socket_url"),
    [
        ("http://a:8188/", "http://a:8188", "ws://a:8188/ws?clientId=i"),
        ("a:8188", "http://a:8188", "ws://a:8188/ws?clientId=i"),
        ("https://a.b/comfy/", "https://a.b/comfy", "wss://a.b/comfy/ws?clientId=i"),
        ("http://[::1]:8188", "http://[::1]:8188", "ws://[::1]:8188/ws?clientId=i"),
        ("http://u:p@a/x y%20z", None, ""),
        ("https://u:p@a:1/x", "https://a:1/x", "wss://a:1/x/ws?clientId=i"),
    ],
)
def test_addresses(text: str, base: str | None, socket_url: str) -> None:
    if base is None:
        with pytest.raises(UsageError):
            read_address(text)
        return
    address = read_address(text)
    assert (address.base, address.socket_url("i")) == (base, socket_url)


@pytest.mark.parametrize(
    "text",
    ["", "ftp://a", "http://", "http://a:99999", "http://a:x", "http://a?b", "http://a#b", "//a"],
)
def test_what_is_no_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_address(text)
    assert caught.value.code == "comfy-address-invalid"


def test_credentials_are_no_part_of_what_is_shown() -> None:
    address = read_address("http://ann:cr%40t@a")
    assert address.auth == ("ann", "cr@t")
    assert "cr" not in repr(address)
    assert read_address("http://a").socket_headers() == []


@pytest.mark.parametrize(
    ("text", "is_local"),
    [
        ("http://localhost:1", True),
        ("http://127.0.0.1", True),
        ("http://192.168.1.5:8188", True),
        ("http://[::1]", True),
        ("http://studio", True),
        ("http://studio.local", True),
        ("https://comfy.example.org", False),
        ("http://8.8.8.8", False),
    ],
)
def test_no_proxy_stands_before_the_own_network(text: str, is_local: bool) -> None:
    assert read_address(text).is_local is is_local
