"""A store that loses nothing while the real one is away.

Finished bytes that the store cannot take go to files on this machine and are
delivered later, in order. While anything waits, everything new waits behind it: a
sidecar must not reach the store before its image. Reading sees what waits first.
"""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from pathlib import Path

from darkroom.adapters.stores.intake import checked_intake
from darkroom.adapters.stores.protocol import Stat, Store
from darkroom.adapters.stores.spool_files import Entry, Letter, SpoolFiles
from darkroom.core.errors import (
    DarkroomError,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreUnavailable,
    UsageError,
)
from darkroom.core.keys import checked_key

DEFAULT_SPOOL_BYTES = 4 * 2**30
_WHILE_PUTTING_S = 5.0
_LOCK_WAIT_S = 5.0
# the fault is in the one object, so it must not hold up those behind it
_HOPELESS = frozenset({"store-key-conflict", "store-path-unsafe", "spool-damaged"})


@dataclass(frozen=True)
class DrainReport:
    """What one delivery round did."""

    sent: int
    left: int
    set_aside: int
    """Files that can never be delivered: damaged, or refused for their key."""
    error: DarkroomError | None
    """Why it stopped, when it did before the end."""

    def insist(self) -> None:
        """Raise what stopped the delivery, if anything did."""
        if self.error is not None:
            raise self.error


@dataclass(frozen=True)
class SpoolStatus:
    """What waits on this machine."""

    waiting: int
    size_bytes: int
    oldest_at: float | None
    """Seconds since the epoch."""
    set_aside: int
    last_error: str | None
    """The code of the error that made, or keeps, things waiting."""


class SpooledStore:
    """Any store, with a spool in front of its PUT."""

    def __init__(self, store: Store, spool_dir: Path, max_bytes: int = DEFAULT_SPOOL_BYTES) -> None:
        self.store = store
        self._files = SpoolFiles(spool_dir)
        self._max_bytes = max_bytes
        self._last_error: str | None = None

    @property
    def name(self) -> str:
        """The name of the real store."""
        return self.store.name

    def put(self, key: str, data: bytes, content_type: str, *, lasting: bool = True) -> str:
        """Store or spool the bytes; either way they are durable when this returns.

        What waiting cannot cure (credentials, clock, a missing bucket) is raised,
        and the bytes are kept in the spool all the same.
        """
        checked_intake(key, data, content_type)
        if not self._files.entries():
            try:
                return self.store.put(key, data, content_type, lasting=lasting)
            except (StoreError, StoreCorrupt) as error:
                return self._spooled(key, data, content_type, error)
        sha256 = self._queue(key, data, content_type)
        report = self.drain(budget_s=_WHILE_PUTTING_S, wait_s=0.0)
        if report.error and not isinstance(report.error, StoreUnavailable | StoreFull):
            raise self._kept(report.error)
        return sha256

    def _spooled(self, key: str, data: bytes, content_type: str, error: DarkroomError) -> str:
        self._last_error = error.code
        try:
            sha256 = self._append(key, data, content_type, error.code)
        except StoreError as second:
            raise StoreFull(
                "spool-failed",
                f"neither the store ({error.message}) nor the spool ({second.message}) took it",
                where=second.where,
            ) from error
        if isinstance(error, StoreUnavailable | StoreFull):
            return sha256
        raise self._kept(error)

    def _queue(self, key: str, data: bytes, content_type: str) -> str:
        reason = self._last_error or "spool-waiting"
        try:
            return self._append(key, data, content_type, reason)
        except StoreFull:
            self.drain(budget_s=_WHILE_PUTTING_S, wait_s=0.0)  # may make room
            return self._append(key, data, content_type, reason)

    def _append(self, key: str, data: bytes, content_type: str, reason: str) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        waiting = self._files.latest(key)
        letter = self._files.read(waiting) if waiting else None
        if letter is None or letter.sha256 != sha256:
            self._files.append(Letter(key, content_type, sha256, reason, data), self._max_bytes)
        return sha256

    def _kept(self, error: DarkroomError) -> DarkroomError:
        error.message += "; the bytes are kept in the spool of this machine"
        error.args = (error.message,)
        return error

    def get(self, key: str) -> bytes:
        """Read what waits under the key, else ask the store."""
        waiting = self._files.latest(checked_key(key))
        letter = self._files.read(waiting) if waiting else None
        return letter.data if letter else self.store.get(key)

    def head(self, key: str) -> Stat | None:
        """Say what waits under the key, else what the store has."""
        waiting = self._files.latest(checked_key(key))
        letter = self._files.read(waiting) if waiting else None
        if not waiting or not letter:
            return self.store.head(key)
        return Stat(key, len(letter.data), None, waiting.order / 1e9)

    def iter_keys(self, prefix: str = "", start_after: str = "") -> Iterator[str]:
        """Yield the keys of the store and of the spool as one ascending row."""
        stored = self.store.iter_keys(prefix, start_after)
        waiting = [key for key in self._files.waiting_keys() if key.startswith(prefix)]
        later = sorted(key for key in waiting if key > start_after)
        return _without_repeats(merge(later, stored))

    def delete(self, key: str) -> None:
        """Remove the key from the store and from the spool."""
        checked_key(key)
        with self._files.alone(_LOCK_WAIT_S) as alone:
            if not alone:
                raise StoreUnavailable("spool-busy", "the spool is being delivered just now")
            self.store.delete(key)
            while waiting := self._files.latest(key):
                self._files.remove(waiting)

    def url_for(self, key: str) -> str:
        """The address in the store."""
        return self.store.url_for(key)

    def pending(self) -> SpoolStatus:
        """Say what waits, without asking the store."""
        return spool_status(self._files, self._last_error)

    def drain(self, budget_s: float = float("inf"), wait_s: float = _LOCK_WAIT_S) -> DrainReport:
        """Deliver what waits, oldest first, until done, refused or out of time.

        A file is removed only after the store has its bytes; delivering it twice
        does no harm. Nothing is raised: the report carries the error.
        """
        sent = 0
        error: DarkroomError | None = None
        with self._files.alone(wait_s) as alone:
            if not alone:
                error = StoreUnavailable("spool-busy", "another process delivers just now")
            else:
                try:
                    for delivered in self._deliveries(time.monotonic() + budget_s):
                        sent += delivered
                except (StoreError, StoreCorrupt) as stopped:
                    error = stopped
                self._last_error = error.code if error else None
        return DrainReport(sent, len(self._files.entries()), self._files.count_aside(), error)

    def _deliveries(self, until: float) -> Iterator[bool]:
        """Send one file after the other; yields whether each was sent."""
        for entry in self._files.entries():
            if time.monotonic() >= until:
                return
            try:
                yield self._deliver(entry)
            except (StoreError, StoreCorrupt, UsageError) as error:
                if error.code not in _HOPELESS and not isinstance(error, UsageError):
                    raise
                self._files.set_aside(entry)
                yield False

    def _deliver(self, entry: Entry) -> bool:
        letter = self._files.read(entry)
        if letter is None:
            return False
        self.store.put(letter.key, letter.data, letter.content_type)
        self._files.remove(entry)
        return True


def spool_status(files: SpoolFiles, last_error: str | None = None) -> SpoolStatus:
    """Say what waits in a spool; no store is needed for that."""
    entries = files.entries()
    return SpoolStatus(
        waiting=len(entries),
        size_bytes=sum(entry.size_bytes for entry in entries),
        oldest_at=entries[0].order / 1e9 if entries else None,
        set_aside=files.count_aside(),
        last_error=last_error or (files.reason(entries[0]) if entries else None),
    )


def _without_repeats(keys: Iterator[str]) -> Iterator[str]:
    last = None
    for key in keys:
        if key != last:
            yield key
        last = key
