"""Real S3 servers for tests, started on a free loopback port and stopped by their own pid.

`rclone serve s3` keeps plain files on disk and checks signatures; moto lacks both
but knows bucket policies. Neither needs more than its PyPI package.
"""

import itertools
import logging
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from darkroom.adapters.stores.bounds import Limits
from darkroom.adapters.stores.s3 import S3Store
from darkroom.adapters.stores.s3_settings import S3Settings

QUICK = Limits(
    total_s=80.0, connect_s=60.0, read_s=60.0, attempts=3, backoff_s=0.01, retries_per_s=100.0,
    circuit_after=10**9,
)  # fmt: skip
"""Limits that let a test see a fault through in well under a second.

What is answered late is waited for: a machine that stands still for seconds is no fault. A test
of silence sets limits of its own.
"""
_COMES_UP_WITHIN_S = 60.0
_PORTS = range(20_000, 32_000)
"""Below those that the system deals out: nobody who binds to port 0 or connects gets one."""


def _ports() -> Iterator[int]:
    """Every worker of the tests has a part of its own, and begins somewhere in it."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
    mine = _PORTS[worker::8]
    begins_at = random.SystemRandom().randrange(len(mine))
    return itertools.cycle([*mine[begins_at:], *mine[:begins_at]])


_next_ports = _ports()


def free_port() -> int:
    """A port that nobody listens on, not even between this call and the server's start."""
    for port in _next_ports:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("the ports never end")


@dataclass
class S3Server:
    """A running server: where it is and who may ask."""

    port: int
    access_key: str = field(default_factory=lambda: secrets.token_hex(8))
    secret_key: str = field(default_factory=lambda: secrets.token_hex(16))

    def settings(self, bucket: str, port: int | None = None) -> S3Settings:
        return S3Settings(
            f"http://127.0.0.1:{port or self.port}",
            bucket,
            SecretStr(self.access_key),
            SecretStr(self.secret_key),
        )

    def store(self, bucket: str, port: int | None = None, limits: Limits = QUICK) -> S3Store:
        return S3Store(self.settings(bucket, port), limits)

    def new_store(self, limits: Limits = QUICK) -> S3Store:
        """A store on a bucket of its own."""
        store = self.store(f"lab-{secrets.token_hex(6)}", limits=limits)
        store.create_bucket()
        return store


@dataclass
class RcloneServer(S3Server):
    """`rclone serve s3` over one folder; each folder in it is a bucket.

    The directory cache stays on: with `--dir-cache-time 0` its clean-up timers spin
    and, under parallel uploads, lock the server up for good (rclone 1.75.2).
    """

    root: Path = Path()
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        binary = Path(sys.executable).with_name("rclone")
        command = [
            str(binary), "serve", "s3", str(self.root), "--config", "/dev/null",
            "--addr", f"127.0.0.1:{self.port}",
            "--auth-key", f"{self.access_key},{self.secret_key}",
        ]  # fmt: skip
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=plain_environment()
        )
        self._wait_until_open()

    def _wait_until_open(self) -> None:
        ends_at = time.monotonic() + _COMES_UP_WITHIN_S
        while time.monotonic() < ends_at:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process is not None
            assert self.process.poll() is None, "rclone ended instead of listening"
            time.sleep(0.01)
        raise RuntimeError(f"no server came up on port {self.port}")

    def kill(self) -> None:
        """As `kill -9` does it: nothing is flushed, nothing is said."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


def plain_environment() -> dict[str, str]:
    """Ours, without settings of rclone, and without coverage: a killed process tears its data."""
    foreign = ("RCLONE_", "COVERAGE_", "COV_CORE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


@contextmanager
def rclone(root: Path) -> Iterator[RcloneServer]:
    server = RcloneServer(free_port(), root=root)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def moto() -> Iterator[S3Server]:
    # imported here: it takes a second, and only the tests that use it should pay
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield S3Server(server.server_port)
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()
