"""`python -m darkroom.archive.apart.child`: answer one question of a person for another process.

Owns the bounds of the process it runs in, which hold where DuckDB's own do not: a function
that builds one long text looks neither at the clock nor at the limit of memory. The kernel
ends the process when its time is long over and refuses it memory far beyond the limit; and it
ends when nobody waits any more. Loads little before its time is bounded.
"""

import json
import os
import resource
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

_LOADS_WITHIN_S = 60.0
"""Until the question is there; the one who asks may have things to load, too."""
_GRACE_S = 2.0
"""DuckDB ends nearly everything by itself, and says it better."""
_SLACK_BYTES = 512 * 2**20
"""For what the process needs beside the question: the answer's rows, threads."""
_FORSAKEN = 3


def main() -> None:
    """Answer the question that comes in, and end."""
    # whoever starts this may not hear it, and what it does not hear is handed down
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    signal.setitimer(signal.ITIMER_REAL, _LOADS_WITHIN_S)
    # Arrow loads both only to ask whether a list is one of theirs: half of the time to start
    sys.modules |= {"numpy": None, "pandas": None}
    from darkroom.archive.apart.answering import answer

    with os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=2**20) as pipe:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else gets into the answer
        line = sys.stdin.buffer.readline()
        if line.endswith(b"\n"):
            question: dict[str, Any] = json.loads(line)
            limits = question["limits"]
            _bound(limits["memory_mb"], limits["time_s"])
            answer(question, pipe)


def _bound(memory_mb: int, time_s: float) -> None:
    """Let nothing go far beyond these limits, whatever it runs."""
    threading.Thread(target=_end_with_owner, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if held := _held_bytes():
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = held + memory_mb * 2**20 + _SLACK_BYTES
        bound = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_DATA, (bound, bound))
    signal.setitimer(signal.ITIMER_REAL, time_s + _GRACE_S)


def _end_with_owner() -> None:
    """The owner says nothing more; its end of the pipe closes when it goes away, however."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(_FORSAKEN)


def _held_bytes() -> int | None:
    """What the process holds already, where the system says so."""
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return None


if __name__ == "__main__":
    main()
