"""Hold a question of `darkroom sql` to its limits where DuckDB itself does not.

Owns two bounds on this process: the memory of one long text, which DuckDB takes past its own
limit, and the end of a function that never looks whether its time is up. Only a door may
do this: it ends the process.
"""

import os
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from darkroom.apps import console
from darkroom.core.errors import OutsideError

_SLACK_BYTES = 512 * 2**20
"""For what the process needs beside the question: the answer's rows, Python itself."""
_GRACE_S = 2.0
"""DuckDB ends nearly everything by itself, and says it better."""


@contextmanager
def bounded(memory_mb: int, time_s: float) -> Generator[None]:
    """End the process when the time is long over; refuse it memory far beyond the limit."""
    watch = threading.Timer(time_s + _GRACE_S, _stop, [time_s])
    watch.daemon = True
    watch.start()
    try:
        with _little_memory(memory_mb * 2**20 + _SLACK_BYTES):
            yield
    finally:
        watch.cancel()


def _stop(time_s: float) -> None:
    error = OutsideError("sql-timeout", f"not answered after {time_s:g} s, and did not stop")
    code = console.fail(error)
    sys.stderr.flush()
    os._exit(code)


@contextmanager
def _little_memory(more_bytes: int) -> Generator[None]:
    held = _held_bytes()
    if held is None:
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = held + more_bytes
    bound = wanted if before[1] == resource.RLIM_INFINITY else min(wanted, before[1])
    resource.setrlimit(resource.RLIMIT_DATA, (bound, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _held_bytes() -> int | None:
    """What the process holds already, where the system says so."""
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return None
