"""The address of one server, with its credentials kept apart.

Owns the reading of a base URL: http or https, a path prefix behind a proxy, IPv6,
user and password. What is shown in messages never holds the credentials.
"""

import base64
import ipaddress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, unquote, urlencode, urlsplit

from darkroom.core.errors import UsageError


@dataclass(frozen=True)
class Address:
    """Where a server is; `base` is safe to show."""

    base: str
    """Scheme, host, port and prefix, without a closing slash."""
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def auth(self) -> tuple[str, str] | None:
        """User and password, where the address held any."""
        return (self.user, self.password) if self.user or self.password else None

    @property
    def is_local(self) -> bool:
        """Whether the server is this machine or a private network: no proxy stands between."""
        host = urlsplit(self.base).hostname or ""
        try:
            return ipaddress.ip_address(host).is_private
        except ValueError:
            return host == "localhost" or "." not in host or host.endswith((".local", ".lan"))

    def url(self, path: str) -> str:
        """The URL of a route such as `/prompt`."""
        return f"{self.base}{path}"

    def socket_url(self, client_id: str) -> str:
        """The URL of the websocket for one client id."""
        scheme, rest = self.base.split("://", 1)
        secure = "s" if scheme == "https" else ""
        return f"ws{secure}://{rest}/ws?{urlencode({'clientId': client_id})}"

    def socket_headers(self) -> list[str]:
        """What the websocket handshake has to carry."""
        if self.auth is None:
            return []
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")
        return [f"Authorization: Basic {token}"]


def read_address(text: str) -> Address:
    """Take an address apart; `host:port` alone means http."""
    parts = _split(text.strip())
    base = f"{parts.scheme}://{_host(parts)}{_port(parts)}{quote(parts.path, safe='/%')}"
    return Address(base.rstrip("/"), unquote(parts.username or ""), unquote(parts.password or ""))


def _split(text: str) -> SplitResult:
    full = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(full)
        is_usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise _refused("it cannot be read as an address") from None
    if parts.scheme not in {"http", "https"} or not is_usable:
        raise _refused("it is not http://host:port or https://host")
    if parts.query or parts.fragment or any(sign.isspace() for sign in full):
        raise _refused("it must end before any '?', '#' or blank")
    return parts


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return f"[{host}]" if ":" in host else host


def _port(parts: SplitResult) -> str:
    return f":{parts.port}" if parts.port else ""


def _refused(reason: str) -> UsageError:
    # the text is not repeated: it may hold a password
    return UsageError("comfy-address-invalid", f"the address of the server is refused: {reason}")
