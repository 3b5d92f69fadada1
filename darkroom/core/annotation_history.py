"""What several annotations of one image or run come to.

Owns the rule that the latest event of a field wins, and what undoing an event means:
a later event that sets back what was true before, so that a reader who knows only the
first rule is never wrong.
"""

from collections.abc import Iterable, Sequence

from darkroom.core.annotations import Annotation, set_by
from darkroom.core.errors import UsageError
from darkroom.core.sidecar.fields import Json


def merged(events: Iterable[Annotation]) -> dict[str, Json]:
    """What is true after all the events of one target: per field, the latest wins."""
    values: dict[str, Json] = {}
    for event in sorted(events, key=lambda event: event.id):
        values |= set_by(event)
    return values


def undone(events: Iterable[Annotation]) -> frozenset[str]:
    """The ids that are taken back; taking back an undoing counts as well."""
    gone: set[str] = set()
    for event in sorted(events, key=lambda event: event.id, reverse=True):
        if event.undoes is not None and event.id not in gone:
            gone.add(event.undoes)
    return frozenset(gone)


def restoring(events: Sequence[Annotation], event_id: str) -> dict[str, Json]:
    """What an event that undoes the given one has to set, given all events of the target."""
    if event_id not in {event.id for event in events}:
        raise UsageError("annotation-unknown", f"no event {event_id} is known here")
    gone = undone(events)
    if event_id in gone:
        raise UsageError("annotation-undone", f"event {event_id} has been undone already")
    now, before = merged(events), _without(events, event_id)
    return {
        field: before.get(field)
        for field in sorted({*now, *before})
        if now.get(field) != before.get(field)
    }


def _without(events: Sequence[Annotation], event_id: str) -> dict[str, Json]:
    """What would be true had the event never been; undoings only take away, they say nothing."""
    taken_back = undone([event for event in events if event.id != event_id]) | {event_id}
    return merged(event for event in events if event.undoes is None and event.id not in taken_back)
