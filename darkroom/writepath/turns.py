"""Whose turn a job is, among machines that share nothing but the store.

Locks keep the processes of one machine apart; here machines are kept apart, by PUT, LIST and
DELETE alone. Whoever wants a job leaves a note, and goes on only when it then sees its own and
no other living one. Where several are seen, the earliest stays and the others withdraw and
wait. A note is renewed while its job is at work; one that is not belongs to a process that died.

Owns `<project>/working/turns/<job_key>.<ulid>.<machine>.json`. A note proves nothing about
images: what commits is the sidecar. Notes go around the spool: one delivered late would lie.
"""

import secrets
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.spool import SpooledStore
from darkroom.core.errors import DarkroomError, StoreFull, StoreUnavailable, UsageError
from darkroom.core.ulids import RANDOM_BITS, is_ulid, ulid

FOLDER = "turns"
_LOOK_AGAIN_S = 0.1
_SLOWEST_LOOK_S = 1.0
_MS_PER_S = 1000
_JSON = "application/json"
_NOTE = b'{"schema": "darkroom/turn", "version": 1}\n'

T = TypeVar("T")


class Note(NamedTuple):
    """One note, as its key says it; notes sort by when they were left."""

    left: str
    """A ULID."""
    machine: str
    job_key: str

    def key(self, project: str) -> str:
        """Where it lies."""
        return f"{_folder(project)}{self.job_key}.{self.left}.{self.machine}.json"


@dataclass(frozen=True)
class Pace:
    """How often a note is renewed, and how long it counts without."""

    beat_s: float = 5.0
    expires_s: float = 20.0
    """By the clock of the store."""


@dataclass
class Turns:
    """The notes of one project, as one machine leaves and reads them.

    The caller holds its machine's own lock of a job first, so that a note of this machine
    that lies there already belongs to a process that is gone.
    """

    store: Store
    project: str
    machine: str
    pace: Pace = field(default_factory=Pace)
    pause: Callable[[float], None] = time.sleep
    _ahead_s: float | None = field(default=None, init=False)
    """How far the store's clock is ahead of our monotonic one; asked only when it matters."""

    def __post_init__(self) -> None:
        if isinstance(self.store, SpooledStore):
            self.store = self.store.store

    @contextmanager
    def awaited(
        self, job: str, wait_s: float, look: Callable[[], None], done: Callable[[], T | None]
    ) -> Generator[T | None]:
        """Have the turn; yields what `done` found where another machine did the job meanwhile.

        `look` is called now and then while waiting, and may raise to end the wait.
        """
        stay, until, pause_s = _Stay(self, job), time.monotonic() + wait_s, _LOOK_AGAIN_S
        try:
            while not stay.is_alone():
                if (found := done()) is not None:
                    yield found
                    return
                look()
                if time.monotonic() >= until:
                    raise _never_ours(job, self.project)
                self.pause(pause_s)
                pause_s = min(pause_s * 1.5, _SLOWEST_LOOK_S)
            with stay.renewed():
                yield None
        finally:
            stay.withdraw()

    @contextmanager
    def tried(self, job: str) -> Generator[bool]:
        """Have the turn if it is free now; yields whether it is."""
        stay = _Stay(self, job)
        try:
            if stay.is_alone():
                with stay.renewed():
                    yield True
            else:
                yield False
        finally:
            stay.withdraw()

    def notes(self, job: str = "") -> Iterator[Note]:
        """What lies there, of one job or of all, dead or alive."""
        prefix = _folder(self.project) + (f"{job}." if job else "")
        for key in self.store.iter_keys(prefix):
            job_key, _, rest = key.rpartition("/")[2].partition(".")
            left, _, machine = rest.removesuffix(".json").partition(".")
            if is_ulid(left):
                yield Note(left, machine, job_key)

    def is_dead(self, note: Note) -> bool:
        """Whether whoever left it has ended; see the class about notes of this machine."""
        if note.machine == self.machine:
            return True
        stat = self.store.head(note.key(self.project))
        return stat is None or self._store_now_s() - stat.modified_at > self.pace.expires_s

    def set_clock(self, mine: Note, stored_by_s: float) -> None:
        """Learn the store's clock from a note of ours that was just put."""
        if self._ahead_s is None and (stat := self.store.head(mine.key(self.project))):
            self._ahead_s = stat.modified_at - stored_by_s

    def _store_now_s(self) -> float:
        return time.time() if self._ahead_s is None else time.monotonic() + self._ahead_s


@dataclass
class _Stay:
    """One process that wants one job."""

    turns: Turns
    job: str
    mine: Note | None = None
    put_at_s: float = 0.0
    stored_by_s: float = 0.0
    """By then the store had it: taken for its moment, a slow PUT makes nobody look dead."""
    met_others: bool = False

    def is_alone(self) -> bool:
        """Leave a note where none of others lies, and see whether it is the only one."""
        if self.met_others and self.mine is None and self._first_of_others() is not None:
            return False
        try:
            self._leave()
        except (StoreUnavailable, StoreFull):
            self.mine = None
            return True  # such a store keeps nobody apart; a spool lets the work go on
        first = self._first_of_others()
        self.met_others = first is not None
        if first is not None and (self.mine is None or first < self.mine):
            self.withdraw()
        return first is None and self.mine is not None

    def _leave(self) -> None:
        if self.mine is None:
            now_ms = time.time_ns() // (10**9 // _MS_PER_S)
            name = ulid(now_ms, secrets.randbits(RANDOM_BITS))
            self.mine = Note(name, self.turns.machine, self.job)
        elif time.monotonic() - self.put_at_s < self.turns.pace.beat_s:
            return
        self.put_at_s = time.monotonic()
        self._put(self.mine)
        self.stored_by_s = time.monotonic()

    def _first_of_others(self) -> Note | None:
        """The earliest living note that is not ours; clears away what the dead left."""
        found = sorted(self.turns.notes(self.job))
        others = [note for note in found if note != self.mine]
        if self.mine is not None and self.mine not in found:
            self.mine = None  # taken for dead: whoever did so may have begun
        elif self.mine is not None and others:
            self.turns.set_clock(self.mine, self.stored_by_s)
        for note in others:
            if not self.turns.is_dead(note):
                return note
            self._clear(note)
        return None

    @contextmanager
    def renewed(self) -> Generator[None]:
        """Renew the note while the job is at work."""
        end = threading.Event()
        thread = threading.Thread(target=self._renew_until, args=(end,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()  # a renewal that comes after the withdrawal would stay

    def _renew_until(self, end: threading.Event) -> None:
        while not end.wait(self.turns.pace.beat_s):
            with suppress(DarkroomError):  # the next one may come through
                if self.mine is not None:
                    self._put(self.mine)

    def withdraw(self) -> None:
        """Take the note away; where that fails it expires."""
        if self.mine is not None:
            self._clear(self.mine)
            self.mine = None

    def _put(self, note: Note) -> None:
        self.turns.store.put(note.key(self.turns.project), _NOTE, _JSON, lasting=False)

    def _clear(self, note: Note) -> None:
        with suppress(DarkroomError):
            self.turns.store.delete(note.key(self.turns.project))


def _folder(project: str) -> str:
    return f"{project}/working/{FOLDER}/"


def _never_ours(job: str, project: str) -> UsageError:
    message = f"another machine has been at work on job {job[:16]} all the time"
    return UsageError("turn-taken", message, where=project)
