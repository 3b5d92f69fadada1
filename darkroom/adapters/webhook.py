"""Send one small message to an address an operator named, and harm nothing by it.

Owns where it may go: to http and https alone, to the very address that was looked up and
judged, never to where an answer points, and to this machine or a private network only if
that was allowed. Neither the address nor the answer is ever in a message of ours.
"""

import ipaddress
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import urllib3
from pydantic import SecretStr

from darkroom.core.errors import OutsideError, UsageError

_PORTS = {"http": 80, "https": 443}
_DELAYS_S = (1.0, 4.0, 10.0, 20.0, 30.0)
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
_TOO_MANY, _SERVER_FAULT, _REDIRECT = 429, 500, 300
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Sleep = Callable[[float], None]


@dataclass(frozen=True)
class Webhook:
    """An address, and how patiently it is tried."""

    url: SecretStr
    timeout_s: float = 5.0
    retries: int = 2
    allow_private: bool = False


def post(hook: Webhook, body: bytes, headers: Mapping[str, str], sleep: Sleep = time.sleep) -> None:
    """Deliver the message, or raise when every try failed."""
    parts = _parts(hook.url.get_secret_value())
    fault = "was not asked"
    for tried in range(hook.retries + 1):
        try:
            status = _status(hook, parts, body, headers)
        except (urllib3.exceptions.HTTPError, OSError) as exc:
            fault = f"did not take the message: {type(exc).__name__}"
        else:
            if status < _REDIRECT:
                return
            fault = f"answered with status {status}"
            if status < _SERVER_FAULT and status != _TOO_MANY:
                raise OutsideError("notify-refused", f"the address {fault}")
        if tried < hook.retries:
            sleep(_DELAYS_S[min(tried, len(_DELAYS_S) - 1)])
    raise OutsideError("notify-failed", f"the address {fault}, {hook.retries + 1} times")


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise UsageError("notify-address", "is not an http or https address without a user in it")
    return parts


def _status(hook: Webhook, parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> int:
    host = parts.hostname or ""
    port = parts.port or _PORTS[parts.scheme]
    address = _chosen(_looked_up(host, port), allow_private=hook.allow_private)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with _pool(parts.scheme, str(address), port, host) as pool:
        answer = pool.urlopen(
            "POST",
            path,
            body=body,
            headers={**headers, "Host": parts.netloc, "Content-Type": "application/json"},
            timeout=urllib3.Timeout(total=hook.timeout_s),
            retries=False,
            redirect=False,
            preload_content=False,  # what it answers is nobody's business
        )
        answer.close()
        return answer.status


def _pool(scheme: str, address: str, port: int, host: str) -> urllib3.HTTPConnectionPool:
    """Connections to one number, whatever the name would be looked up as by now."""
    if scheme == "http":
        return urllib3.HTTPConnectionPool(address, port)
    return urllib3.HTTPSConnectionPool(
        address, port, assert_hostname=host, server_hostname=host, cert_reqs="CERT_REQUIRED"
    )


def _looked_up(host: str, port: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _chosen(found: Iterable[Address], *, allow_private: bool) -> Address:
    """The first one, where all of them may be spoken to."""
    addresses = [_plain(address) for address in found]
    for address in addresses:
        if fault := _fault(address, allow_private=allow_private):
            raise UsageError("notify-address", fault)
    return addresses[0]


def _plain(address: Address) -> Address:
    """The address that is meant where one stands inside another."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _fault(address: Address, *, allow_private: bool) -> str | None:
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return "leads to an address that is no server: link-local, multicast or none"
    if not address.is_global and not allow_private:
        return "leads to this machine or a private network"
    return None
