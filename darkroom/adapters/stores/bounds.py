"""How long a call to a remote store may take, how often it is tried, when it is not tried at all.

Owns the limits, the deadline of the call in progress, the pace of retries and the
circuit that spares a dead store. Opens no connection and knows no protocol.
"""

import random
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from darkroom.core.errors import StoreUnavailable


@dataclass(frozen=True)
class Limits:
    """Every bound on a call; the defaults keep any call, whatever the fault, under a minute."""

    total_s: float = 50.0
    """One call with all its requests, retries and pauses; one page of a listing."""
    connect_s: float = 2.0
    read_s: float = 15.0
    """Silence: the longest wait for the next bytes to arrive or to be taken."""
    attempts: int = 4
    backoff_s: float = 0.2
    retries_per_s: float = 5.0
    """All threads together."""
    circuit_after: int = 5
    """So many calls in a row found the store unavailable: the circuit opens."""
    circuit_first_s: float = 1.0
    circuit_longest_s: float = 15.0


@dataclass(frozen=True)
class Answer:
    """What a server said when it did not do as asked."""

    status: int
    code: str = ""
    message: str = ""
    skew_s: float = 0.0
    """The server's clock minus ours, as its Date header tells."""


@dataclass
class Call:
    """The call in progress in this thread."""

    ends_at: float
    limits: Limits
    refusal: Answer | None = None
    """The last answer that was no success, for the translation of errors."""

    @property
    def remaining_s(self) -> float:
        """How much of the time is left; raises TimeoutError when none is."""
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time allowed for this call is over")
        return left


_current: ContextVar[Call | None] = ContextVar("store_call", default=None)


@contextmanager
def within(limits: Limits) -> Generator[Call]:
    """Hold everything inside to one deadline; an outer, earlier deadline stays."""
    outer = _current.get()
    ends_at = time.monotonic() + limits.total_s
    call = Call(min(ends_at, outer.ends_at) if outer else ends_at, limits)
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)


def current_call() -> Call | None:
    """The call this thread is in, if any."""
    return _current.get()


class Pacer:
    """Spaces retries of all threads so that a sick store is never stormed."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._next_slot = 0.0

    def pause(self, attempt: int, call: Call, asked_for_s: float = 0.0) -> bool:
        """Wait for this retry's turn; False when the call would be over by then."""
        backoff = self._limits.backoff_s * 2**attempt
        wanted = max(asked_for_s, backoff * random.uniform(0.5, 1.0))
        with self._lock:
            now = time.monotonic()
            slot = max(now + wanted, self._next_slot)
            if slot >= call.ends_at:
                return False
            self._next_slot = slot + 1 / self._limits.retries_per_s
        time.sleep(slot - now)
        return True


class Circuit:
    """Refuses at once while a store is known to be away; lets one call at a time look again."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until = 0.0
        self._pause_s = limits.circuit_first_s

    def admit(self, where: str) -> None:
        """Return when the call may go on; raise StoreUnavailable while the circuit is open."""
        with self._lock:
            if self._failures < self._limits.circuit_after:
                return
            now = time.monotonic()
            if now >= self._open_until:
                self._open_until = now + self._pause_s  # this caller looks; the others wait
                return
            wait_s = self._open_until - now
        raise StoreUnavailable(
            "store-circuit-open",
            f"the store failed {self._failures} times in a row; next look in {wait_s:.1f} s",
            where=where,
        )

    def failed(self) -> None:
        """Count one call that found the store unavailable."""
        with self._lock:
            self._failures += 1
            if self._failures < self._limits.circuit_after:
                return
            if self._failures > self._limits.circuit_after:
                self._pause_s = min(self._pause_s * 2, self._limits.circuit_longest_s)
            self._open_until = time.monotonic() + self._pause_s

    def succeeded(self) -> None:
        """Close the circuit: the store answered."""
        with self._lock:
            self._failures = 0
            self._pause_s = self._limits.circuit_first_s
