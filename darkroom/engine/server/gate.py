"""Who may speak to the engine: a page of another origin may not, nor a rebound name.

Owns the Host list, the Origin rule, the size of bodies and the headers that keep a
browser from running what it is shown. There is no CORS: no other page needs access.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from darkroom.engine.server.replies import plain
from darkroom.engine.settings import Limits

_SAFE = {"GET", "HEAD", "OPTIONS"}
_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


class Gate:
    """ASGI middleware around everything, the websocket included."""

    def __init__(self, app: ASGIApp, allowed_hosts: Iterable[str], limits: Limits) -> None:
        self._app = app
        self._allowed = {host.lower() for host in allowed_hosts}
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if scope["type"] == "websocket":
            await self._websocket(refusal, scope, receive, send)
        elif refusal is not None:
            await plain(refusal[1], refusal[0])(scope, receive, _hardened(send))
        else:
            bounded = self._bounded(scope, headers, receive)
            await self._app(scope, bounded, _hardened(send))

    async def _websocket(
        self, refusal: tuple[int, str] | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": refusal[1]})

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if _name(host) not in self._allowed:
            return 400, "This Host is not served here."
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return 403, "Requests from other origins are refused."
        if headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
            followed = headers.get("sec-fetch-mode") == "navigate"
            if not followed or scope.get("method", "") not in _SAFE:
                return 403, "Requests from other sites are refused."
        return None

    def _bounded(self, scope: Scope, headers: Headers, receive: Receive) -> Receive:
        """Read no more of a body than its route takes."""
        is_graph = scope["path"].removeprefix("/api") == "/prompt"
        limit = self._limits.graph_bytes if is_graph else self._limits.upload_bytes
        declared = headers.get("content-length", "")
        too_large = declared.isdecimal() and int(declared) > limit
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if too_large:
                await _drain(message, receive, limit)
            if too_large or taken > limit:
                raise HTTPException(413, f"Maximum request body size {limit} exceeded.")
            return message

        return bounded


async def _drain(message: Message, receive: Receive, limit: int) -> None:
    """Let the sender finish, so that it reads the answer instead of a broken pipe."""
    taken = len(message.get("body", b""))
    while message.get("more_body") and taken < 2 * limit:
        message = await receive()
        taken += len(message.get("body", b""))


def _hardened(send: Send) -> Send:
    async def hardened(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return hardened


def _name(host: str) -> str:
    """The name in a Host header, without the port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""
