"""Run one engine on a port until it is told to stop."""

import asyncio
import contextlib
import json
import signal
import socket
import sys
from collections.abc import Generator
from pathlib import Path
from types import FrameType

import uvicorn

from darkroom.engine.diffusers import ShapeWorld
from darkroom.engine.files import replace
from darkroom.engine.server.app import build
from darkroom.engine.server.engine import Engine
from darkroom.engine.settings import MIB, Settings

_GOODBYE_S = 2


class _Server(uvicorn.Server):
    """A server for which being told to stop is a normal end, not death by a signal."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Stop on SIGTERM and on Ctrl-C, once the loop looks up."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        yield

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.should_exit = True


def serve(settings: Settings, announce: Path | None = None) -> int:
    """Bind, say where, and serve; returns the exit code."""
    listener = bound(settings)
    port = listener.getsockname()[1]
    app = build(Engine(settings, ShapeWorld()))
    config = uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_max_size=MIB,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GOODBYE_S,
    )
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{shown}:{port}"
    if announce is not None:
        said = {"port": port, "url": url, "instance": settings.instance}
        replace(announce, json.dumps(said).encode())
    sys.stdout.write(f"darkroom engine listening on {url}\n")
    sys.stdout.flush()
    asyncio.run(_Server(config).serve(sockets=[listener]))
    return 0


def bound(settings: Settings) -> socket.socket:
    """A socket that listens where the settings say."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio sends small answers at once (no Nagle) only where the protocol is named
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen()  # whoever reads the address may connect at once and is served soon
    except OSError:
        listener.close()
        raise
    return listener
