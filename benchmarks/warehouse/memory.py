"""The most memory a process and all those it started had at one moment.

Counts every page once, however many of them share it (PSS), as they all load the same
libraries. Known to Linux only; elsewhere it is nothing.
"""

import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

_EVERY_S = 0.2


def watched(command: Sequence[str]) -> tuple[str, float]:
    """Run a command; what it wrote, and the most megabytes seen while it ran."""
    most_kb = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        ended = threading.Event()

        def watch() -> None:
            nonlocal most_kb
            while not ended.wait(_EVERY_S):
                most_kb = max(most_kb, sum(map(_pss_kb, _family(process.pid))))

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            told = process.communicate()[0]
        finally:
            ended.set()
            watching.join()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return told, most_kb / 1024


def _family(pid: int) -> list[int]:
    """The process and all below it."""
    try:
        below = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:  # it ended meanwhile
        return [pid]
    return [pid, *(one for child in below for one in _family(child))]


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
