"""Take back what was said: the last action of this machine, or chosen events.

Owns what "the last" means. An action is everything one command said; taking it back is
an action too, which can be taken back by its events' ids.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from darkroom.adapters.annotation_journal import Journal
from darkroom.adapters.stores.protocol import Store
from darkroom.archive.annotating_log import EventLog, Said, histories, key_of
from darkroom.core.annotation_history import undone
from darkroom.core.annotations import Annotation, Target, name_of, read, set_by
from darkroom.core.errors import DataError, UsageError
from darkroom.core.sidecar.fields import Json


@dataclass(frozen=True)
class Action:
    """What one command said on this machine."""

    id: str
    at: str
    by: str
    events: tuple[Annotation, ...]
    is_undone: bool

    @property
    def targets(self) -> list[str]:
        """The names of the images and runs it was about."""
        return [name_of(event.target) for event in self.events]

    @property
    def changes(self) -> dict[str, Json]:
        """What it set; that of the first event stands for all."""
        return set_by(self.events[0])

    @property
    def is_undoing(self) -> bool:
        """Whether it took another one back."""
        return self.events[0].undoes is not None


def actions(journal: Journal) -> list[Action]:
    """What was said on this machine, latest first, as far back as the journal goes."""
    by_action: dict[str, list[Annotation]] = {}
    for line in journal.lines():
        with suppress(DataError):
            by_action.setdefault(line.action, []).append(read(line.event))
    gone = undone([event for events in by_action.values() for event in events])
    found = [_action(name, events, gone) for name, events in by_action.items() if events]
    return sorted(found, key=lambda action: action.id, reverse=True)


def _action(name: str, events: list[Annotation], gone: frozenset[str]) -> Action:
    is_undone = all(event.id in gone for event in events)
    return Action(name, events[0].at, events[0].by, tuple(events), is_undone)


def undo_last(log: EventLog) -> Said:
    """Take back the latest action of this machine that still stands."""
    standing = [a for a in actions(log.journal) if not a.is_undone and not a.is_undoing]
    if not standing:
        raise UsageError("annotation-unknown", "nothing said on this machine is left to take back")
    return log.undo(_standing(log.store, standing[0].events))


def _standing(store: Store, events: Sequence[Annotation]) -> list[Annotation]:
    """Those that nobody, on any machine, has taken back meanwhile."""
    known = histories(store, [event.target for event in events])
    gone = undone([event for told in known.values() for event in told])
    return [event for event in events if event.id not in gone]


def undo_events(log: EventLog, ids: Sequence[str]) -> Said:
    """Take back chosen events of this machine's journal, by their ids."""
    told = {event.id: event for action in actions(log.journal) for event in action.events}
    unknown = [event_id for event_id in ids if event_id not in told]
    if unknown:
        message = f"this machine has not said {', '.join(unknown)[:200]}"
        raise UsageError("annotation-unknown", message)
    return log.undo([told[event_id] for event_id in dict.fromkeys(ids)])


def undo_on(log: EventLog, targets: Sequence[Target]) -> Said:
    """Take back the latest event that still stands on each image or run."""
    known = histories(log.store, targets)
    found = [event for target in targets if (event := _last(known[key_of(target)]))]
    if not found:
        raise UsageError("annotation-unknown", "nothing has been said of it that still stands")
    return log.undo(found)


def _last(events: Sequence[Annotation]) -> Annotation | None:
    gone = undone(events)
    standing = [e for e in events if e.id not in gone and e.undoes is None]
    return standing[-1] if standing else None
