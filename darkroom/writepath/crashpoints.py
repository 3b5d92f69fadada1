"""Named places where a test may kill the process, in the order the write path reaches them.

Owns the list of names and the switch `DARKROOM_CRASH_AT=NAME[:N]` (the N-th time the
point is reached; the name `any` counts all of them). Without the switch, reaching a
point is one comparison. Nothing here changes what the write path does.
"""

import os
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from darkroom.core.errors import UsageError

SWITCH = "DARKROOM_CRASH_AT"
ANY = "any"

POINTS: dict[str, str] = {
    "after-claim": "the job is in the index; nothing was promised yet",
    "after-intent": "the intent is durable; the server knows nothing",
    "after-submit": "the server accepted the job; nobody here noted it",
    "after-wait": "the server finished; nothing was fetched",
    "after-fetch": "the image is in memory, decoded; nothing is stored",
    "after-companion": "one further image of the job is committed; the first is not stored",
    "after-image": "the image is stored, not committed",
    "after-answers": "what the run asked for is saved, not committed",
    "after-sidecar": "committed; not yet read back",
    "after-readback": "committed and read back; the caller was not told",
    "after-lost": "the loss is recorded; the next attempt is not",
    "after-outcome": "an ending without an image is recorded; the caller was not told",
    "after-survey": "reconcile listed the project and changed nothing",
    "after-job": "reconcile brought one job to its end, others wait",
    "after-index": "reconcile restored one entry of the index, others wait",
    "after-adoption": "reconcile adopted one orphan, others wait",
}


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Plan:
    def __init__(self, name: str, nth: int, act: Callable[[], None]) -> None:
        self._name = name
        self._left = nth
        self._act = act
        self._lock = threading.Lock()

    def reach(self, name: str) -> None:
        with self._lock:
            if self._name not in {name, ANY}:
                return
            self._left -= 1
            due = self._left == 0
        if due:
            self._act()


def planned(text: str, act: Callable[[], None] = _kill) -> _Plan:
    """Read `NAME` or `NAME:N`; refuse a name that is no crash point."""
    name, _, number = text.partition(":")
    if (name not in POINTS and name != ANY) or not (number or "1").isdecimal():
        raise UsageError(
            "crash-point-unknown", f"{text[:60]!r} names no crash point", where=f"${SWITCH}"
        )
    return _Plan(name, int(number or "1"), act)


_plan: _Plan | None = planned(os.environ[SWITCH]) if os.environ.get(SWITCH) else None


def reach(name: str) -> None:
    """Say that this point is reached; where a test asked for it, the process dies here."""
    if _plan is not None:
        _plan.reach(name)


@contextmanager
def armed(text: str, act: Callable[[], None] = _kill) -> Generator[None]:
    """For tests: act when the point is reached, whatever the environment says."""
    global _plan
    before, _plan = _plan, planned(text, act)
    try:
        yield
    finally:
        _plan = before
