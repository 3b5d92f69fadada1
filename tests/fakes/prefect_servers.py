"""What tests share to have Prefect servers cheaply: a database made once, and no tracing.

A new SQLite database costs Prefect seven seconds of a core, and coverage another five in a
server that runs no line of ours. `darkroom up` in `test_laboratory` is the test that has
Prefect make its database itself; the others begin with a copy of one that is as new.
"""

import fcntl
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import httpx
import requests

from flows.environment import ALWAYS
from tests.fakes.s3_servers import free_port
from tests.fakes.unmeasured import unmeasured

DATABASE = "prefect.db"
"""What Prefect calls it in its home; its harness for tests has another name for it."""
_UP_WITHIN_S = 120.0


def start_server(url: str, home: Path, *more: str) -> "subprocess.Popen[bytes]":
    """Start a server there and wait until it answers; it leads a process group."""
    port = url.removesuffix("/api").rpartition(":")[2]
    # without its own database in the environment: the tests' server has one
    known = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "prefect", "server", "start", "--port", port, *more],
        env=unmeasured(known) | {"PREFECT_HOME": str(home), **ALWAYS},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _await(url)
    except BaseException:
        end_server(process)
        raise
    return process


def _await(url: str) -> None:
    until = time.monotonic() + _UP_WITHIN_S
    while time.monotonic() < until:
        try:
            if requests.get(f"{url}/health", timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    raise AssertionError("no server came up")


def end_server(process: "subprocess.Popen[bytes]") -> None:
    """Kill it and all it started, also where it was stopped."""
    if process.poll() is None:
        os.killpg(process.pid, 9)
    process.wait()


def database_of(shared: Path) -> Path:
    """A database as a server makes it at its first start; all workers of a test run share it."""
    made = shared / DATABASE
    with (shared / "prefect.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _make(made)
    return made


def _make(made: Path) -> None:
    # a process that is being killed may have a file made while the folder goes
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        url = f"http://127.0.0.1:{free_port()}/api"
        server = start_server(url, Path(folder), "--no-services")
        half = made.with_suffix(".half")
        try:
            copy(Path(folder) / DATABASE, half)
        finally:
            end_server(server)
        half.replace(made)


def copy(database: Path, to: Path) -> None:
    """A copy of a database, with what is still in its journal."""
    to.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


@contextmanager
def harness(database: Path) -> Iterator[None]:
    """Prefect's own harness for tests, on a copy of this database and without tracing."""
    from prefect.testing import utilities

    make: Callable[[], str] = tempfile.mkdtemp

    def furnished() -> str:
        folder = make()
        copy(database, Path(folder) / "prefect-test.db")
        return folder

    # as it is started it is asked again and again, and a late answer would end that
    asking = {**vars(httpx), "Client": partial(httpx.Client, timeout=_UP_WITHIN_S)}
    patient = mock.patch("prefect.server.api.server.httpx", SimpleNamespace(**asking))
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(utilities, "mkdtemp", furnished))
        stack.enter_context(mock.patch.object(utilities, "_find_available_port", free_port))
        with mock.patch.dict(os.environ, ALWAYS), patient:
            for name in os.environ.keys() - unmeasured(os.environ).keys():
                del os.environ[name]
            stack.enter_context(utilities.prefect_test_harness(server_startup_timeout=120))
        yield
