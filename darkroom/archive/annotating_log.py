"""The way of an annotation into the store, and back.

Owns the order: a name later than every other in its target's run, durable before the
call returns, then into this machine's journal, from which searches learn of it at once.
No event is ever overwritten or erased; undoing is one more event. What is derived from
events, a run's `ranking.json`, is written after them.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from darkroom.adapters.annotation_journal import Journal
from darkroom.adapters.stores.protocol import Store
from darkroom.archive.annotating_derived import write_derived
from darkroom.core.annotation_history import merged, restoring
from darkroom.core.annotations import (
    Annotation,
    Stamp,
    Target,
    annotation_key,
    compose,
    document_of,
    events_prefix,
    is_annotation_key,
    name_of,
    parse,
    serialise,
)
from darkroom.core.errors import DataError, KeyNotFound
from darkroom.core.sidecar.fields import Bag, Json, moment
from darkroom.core.ulids import RANDOM_BITS, milliseconds, ulid_after

JSON = "application/json"
_AT_ONCE = 8
Changes = Mapping[str, Json]
TargetKey = tuple[str, str]


def _now() -> datetime:
    return datetime.now(UTC)


def _chance() -> int:
    return secrets.randbits(RANDOM_BITS)


def _unmoved(_count: int) -> None:
    return


@dataclass(frozen=True)
class Said:
    """What one action wrote: its name, and the events, in the order of their targets."""

    action: str
    events: tuple[Annotation, ...]


class EventLog:
    """One person or program that annotates; safe to share between threads."""

    def __init__(
        self,
        store: Store,
        by: str,
        journal: Journal,
        *,
        now: Callable[[], datetime] = _now,
        chance: Callable[[], int] = _chance,
    ) -> None:
        self.store = store
        self.by = by
        self.journal = journal
        self._now = now
        self._chance = chance
        self._last: str | None = None
        self._naming = Lock()

    def say(
        self,
        targets: Sequence[Target],
        changes: Changes,
        advance: Callable[[int], None] = _unmoved,
    ) -> Said:
        """Set the same fields on every target; each event is durable when this returns."""
        return self.say_each([(target, changes, None) for target in targets], advance)

    def say_each(
        self,
        wanted: Sequence[tuple[Target, Changes, str | None]],
        advance: Callable[[int], None] = _unmoved,
    ) -> Said:
        """Set fields target by target, as one action; the third is the event undone, or None."""
        stamps = self._stamps([target for target, _, _ in wanted])
        pairs = zip(stamps, wanted, strict=True)
        events = [compose(stamp, *said) for stamp, said in pairs]
        action = events[0].id if events else ""
        written: list[Annotation] = []
        try:
            for event in self._put_all(events):
                written.append(event)
                advance(1)
        finally:
            # also when some could not be written: what could is true, and can be undone
            self.journal.add(action, [document_of(event) for event in written])
        return Said(action, tuple(written))

    def undo(self, events: Sequence[Annotation]) -> Said:
        """Take events of different targets back, by events that set what was true before."""
        known = histories(self.store, [event.target for event in events])
        wanted = [
            (event.target, restoring(known[key_of(event.target)], event.id), event.id)
            for event in events
        ]
        return self.say_each(wanted)

    def current(self, target: Target) -> dict[str, Json]:
        """What has been said of one image or run, as the store knows it now."""
        return merged(histories(self.store, [target])[key_of(target)])

    def extras(self, targets: Sequence[Target], more: Bag) -> dict[TargetKey, Bag]:
        """What `extra` has to be so that nothing kept there is lost; null removes a name."""
        return {
            key: _joined(merged(events).get("extra"), more)
            for key, events in histories(self.store, targets).items()
        }

    def _stamps(self, targets: Sequence[Target]) -> list[Stamp]:
        floors = [self._latest_in(prefix) for prefix in sorted({*map(events_prefix, targets)})]
        floor = max((name for name in floors if name), default=None)
        at = self._now()
        said_at = moment(at)
        with self._naming:
            return [
                Stamp(self._following(floor, milliseconds(at)), said_at, self.by) for _ in targets
            ]

    def _following(self, floor: str | None, at_ms: int) -> str:
        known = max((name for name in (floor, self._last) if name), default=None)
        self._last = ulid_after(known, at_ms, self._chance())
        return self._last

    def _latest_in(self, prefix: str) -> str | None:
        """The latest event there that is later than now: some machine's clock is ahead.

        Who speaks after having seen such an event must be heard, so the new one follows it.
        """
        start = ulid_after(self._last, milliseconds(self._now()), 0)
        later = self.store.iter_keys(prefix, f"{prefix}{start}.json")
        names = [key for key in later if is_annotation_key(key)]
        return names[-1].removeprefix(prefix).removesuffix(".json") if names else None

    def _put_all(self, events: Sequence[Annotation]) -> Iterable[Annotation]:
        if len(events) == 1:
            return [self._put(events[0])]
        return self._put_side_by_side(events)

    def _put_side_by_side(self, events: Sequence[Annotation]) -> Iterable[Annotation]:
        """Waiting for the disk or the network is most of the work, so some wait together."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from pool.map(self._put, events)

    def _put(self, event: Annotation) -> Annotation:
        self.store.put(annotation_key(event.target, event.id), serialise(event), JSON)
        write_derived(self.store, event)
        return event


def histories(store: Store, targets: Sequence[Target]) -> dict[TargetKey, list[Annotation]]:
    """All events of each target, oldest first; damaged ones are left out."""
    found: dict[TargetKey, list[Annotation]] = {key_of(target): [] for target in targets}
    for prefix in sorted({events_prefix(target) for target in targets}):
        for event in _events_in(store, prefix):
            if (key := key_of(event.target)) in found:
                found[key].append(event)
    return found


def _events_in(store: Store, prefix: str) -> Iterable[Annotation]:
    for key in store.iter_keys(prefix):
        with suppress(DataError, KeyNotFound):
            if is_annotation_key(key):
                yield parse(store.get(key), key)


def key_of(target: Target) -> TargetKey:
    """A target as a key of a mapping."""
    return target.kind, name_of(target)


def _joined(before: Json, more: Bag) -> Bag:
    kept = before if isinstance(before, dict) else {}
    return {name: value for name, value in (kept | more).items() if value is not None}
