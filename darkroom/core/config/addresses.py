"""Which addresses mean the same server, as far as an address alone can tell.

Owns what is told apart: scheme, host, port and path. No name is looked up.
"""

from ipaddress import ip_address
from typing import TypeAlias
from urllib.parse import urlsplit

Address: TypeAlias = tuple[str, str, int, str]
_PORTS = {"http": 80, "https": 443}
_THIS_MACHINE = "this machine"
_OWN = {"127.0.0.1", "::1", "0.0.0.0", "::"}


def address_of(url: str) -> Address | None:
    """The address without the ways in which one can be written; None where it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
    if not host or scheme not in _PORTS:
        return None
    return scheme, _host(host), _PORTS[scheme] if port is None else port, parts.path.rstrip("/")


def _host(host: str) -> str:
    if host == "localhost" or host.endswith(".localhost"):
        return _THIS_MACHINE
    try:
        number = ip_address(host)
    except ValueError:
        return host
    return _THIS_MACHINE if str(number) in _OWN else str(number)
