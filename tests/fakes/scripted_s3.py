"""An S3 server that says exactly what a test tells it to: answers no real server would give."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from darkroom.adapters.stores.bounds import Limits
from darkroom.adapters.stores.s3 import S3Store
from darkroom.adapters.stores.s3_settings import S3Settings
from tests.fakes.s3_servers import QUICK

SECRET = "canary-secret-0123456789"
ACCESS = "canary-access-0123456789"


@dataclass(frozen=True)
class Request:
    method: str
    key: str
    query: dict[str, list[str]]
    body: bytes
    signed: bool


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: bool = True
    """Whether to state the length of the body."""


Script = Callable[[Request], Reply]


def always(reply: Reply) -> Script:
    """A server with one answer to everything."""
    return lambda _request: reply


def refusal(status: int, code: str, message: str = "", **headers: str) -> Reply:
    """An error as S3 words it."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Reply(status, body.encode(), {"Content-Type": "application/xml", **headers})


def page(keys: list[str], next_token: str = "") -> Reply:
    """One page of a listing."""
    contents = "".join(
        f"<Contents><Key>{key}</Key><Size>1</Size>"
        "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
        for key in keys
    )
    more = f"<NextContinuationToken>{next_token}</NextContinuationToken>" if next_token else ""
    truncated = str(bool(next_token)).lower()
    body = (
        f"<ListBucketResult><Name>lab</Name><IsTruncated>{truncated}</IsTruncated>"
        f"{more}{contents}</ListBucketResult>"
    )
    return Reply(200, body.encode(), {"Content-Type": "application/xml"})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    script: Script
    seen: list[Request]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("content-length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:  # who hung up in the middle has asked for nothing
            self.close_connection = True
            return
        key = parts.path.removeprefix("/lab").removeprefix("/")
        signed = "authorization" in self.headers
        request = Request(self.command, key, parse_qs(parts.query, True), body, signed)
        self.server.seen.append(request)
        reply = self.server.script(request)
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.length:
            self.send_header("Content-Length", reply.headers.get("X-Length", str(len(reply.body))))
        else:
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    do_GET = do_PUT = do_HEAD = do_DELETE = _serve

    def log_message(self, *_arguments: object) -> None:
        return


@dataclass
class Scripted:
    """A running scripted server."""

    url: str
    seen: list[Request]

    def store(self, limits: Limits = QUICK) -> S3Store:
        settings = S3Settings(self.url, "lab", SecretStr(ACCESS), SecretStr(SECRET))
        return S3Store(settings, limits)

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.seen]


@contextmanager
def scripted(script: Script, certificate: Path | None = None) -> Iterator[Scripted]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.script, server.seen = script, []
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    scheme = "https" if certificate else "http"
    try:
        yield Scripted(f"{scheme}://127.0.0.1:{server.server_port}", server.seen)
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()
