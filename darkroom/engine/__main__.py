"""`python -m darkroom.engine`: one engine in the foreground.

Owns the flags. Refuses to listen beyond this machine unless told so plainly.
"""

import argparse
import ipaddress
import sys
from collections.abc import Sequence
from pathlib import Path

from darkroom.engine.settings import LOOPBACK, Settings

_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, check and serve."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if not asked.expose and not _is_loopback(asked.host):
        parser.error(f"{asked.host} can be reached from outside; add --expose if that is meant")
    allowed = (*LOOPBACK, asked.host, *asked.allow_host)
    root: Path = asked.state
    settings = Settings(root, asked.host, asked.port, allowed, asked.instance)
    from darkroom.engine.server.serve import serve  # after the flags: an error must be quick

    try:
        return serve(settings, asked.announce)
    except OSError as exc:
        sys.stderr.write(f"cannot serve on {asked.host} port {asked.port}: {exc.strerror}\n")
        return _USAGE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m darkroom.engine", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of input and output")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--expose", action="store_true", help="allow an address beyond loopback")
    parser.add_argument("--allow-host", action="append", default=[], help="a further Host name")
    parser.add_argument("--announce", type=Path, help="file to write the address to, as JSON")
    parser.add_argument("--instance", default="", help="names this process in /system_stats")
    return parser


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


if __name__ == "__main__":
    raise SystemExit(main())
