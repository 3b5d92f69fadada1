"""End a process and all it started, politely first.

Owns the two signals and the waiting between them. Ends only what can be proved to be
the process that was started.
"""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from darkroom.adapters.supervision.state import Process

POLITE_S = 10.0
FINAL_S = 5.0
_EVERY_S = 0.05


def end(process: Process, polite_s: float = POLITE_S) -> bool:
    """Ask it to end, then end it with its whole group; says whether it is gone.

    Without any time for politeness it is not asked, and so ends nothing of its own accord.
    """
    for number, wait_s in ((signal.SIGTERM, polite_s), (signal.SIGKILL, FINAL_S)):
        if not process.lives:
            break
        if not wait_s:
            continue
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process.pid, number)
        _wait(lambda: process.lives, wait_s)
    # each part leads a group of its own; what it started must not outlive it
    if process.group:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        _wait(lambda: bool(process.group), FINAL_S)
    return not process.lives


def _wait(remains: Callable[[], bool], wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while remains() and time.monotonic() < deadline:
        time.sleep(_EVERY_S)
