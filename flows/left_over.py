"""Servers that Prefect started for one run: they outlast its Ctrl-C, not its end.

Prefect ends its own short-lived server when its process exits, but not when that
process is killed. Owns one small record per process, and ends a server only when it can
prove that the run it belonged to is gone and that it is still the very same process. Owns
also that Ctrl-C, which a terminal sends to all its processes, leaves the server alone.
"""

import json
import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from queue import Empty
from typing import Any

from darkroom.adapters.processes import started_at

FOLDER = "servers"
_BEGIN = "_run_uvicorn_command"


def spare_own_server() -> None:
    """Have the server Prefect starts for this process outlast a Ctrl-C, of which it is told."""
    from prefect.server.api.server import SubprocessASGIServer

    # Prefect offers no public way; absent, a run that is stopped cannot tell its server so
    begin: Callable[[object], object] | None = getattr(SubprocessASGIServer, _BEGIN, None)
    if begin is None or hasattr(begin, "__wrapped__"):
        return

    @wraps(begin)
    def begun(server: object) -> Any:
        with deaf_to_ctrl_c():
            return begin(server)

    setattr(SubprocessASGIServer, _BEGIN, begun)


@contextmanager
def deaf_to_ctrl_c() -> Generator[None]:
    """Processes started inside hear no Ctrl-C; ours comes a moment later."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def remember(folder: Path, server_pid: int) -> Path:
    """Write down which server belongs to this process; returns the record."""
    record = folder / FOLDER / f"{os.getpid()}.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    said = {
        "owner": started_at(os.getpid()),
        "server": server_pid,
        "began": started_at(server_pid),
    }
    record.write_text(json.dumps(said), encoding="utf-8")
    return record


def end_left_over(folder: Path) -> int:
    """End the servers of runs that are gone; says how many there were."""
    ended = 0
    for record in sorted((folder / FOLDER).glob("*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            said = json.loads(record.read_text(encoding="utf-8"))
            if started_at(int(record.stem)) == said["owner"]:
                continue  # its run goes on
            ended += _ended(int(said["server"]), str(said["began"]))
        record.unlink(missing_ok=True)
    return ended


def _ended(pid: int, began: str) -> bool:
    if started_at(pid) != began:
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        return True
    return False


def own_server() -> int | None:
    """The process id of the server Prefect started for this process, if it did."""
    from prefect.server.api.server import SubprocessASGIServer

    # Prefect offers no public way to this number; absent, nothing is remembered
    known: dict[object, object] = getattr(SubprocessASGIServer, "_instances", {})
    processes = (getattr(server, "server_process", None) for server in known.values())
    return next((process.pid for process in processes if process is not None), None)


def drop_unsent_events() -> None:
    """Forget what a server that is gone was to be told; Prefect would try for minutes at exit."""
    from prefect.events.worker import EventsWorker

    # private as well; absent, the process only ends later
    known: dict[object, object] = getattr(EventsWorker, "_instances", {})
    for worker in list(known.values()):
        queue = getattr(worker, "_queue", None)
        with suppress(Empty, AttributeError):
            while True:
                queue.get_nowait()  # pyright: ignore[reportOptionalMemberAccess]
