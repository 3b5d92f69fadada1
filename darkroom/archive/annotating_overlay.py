"""Let a query see what was said since the warehouse was last published.

Owns the overlay: the journal's events that the snapshot lacks are joined with the ones
it has, by the rule that the latest of a field wins, and laid over its two tables of
marks as temporary tables of the same names. The views then read those. With nothing
fresh in the journal it costs one small file.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from darkroom.adapters.annotation_journal import Journal, Line
from darkroom.adapters.warehouse.opening import Connection
from darkroom.adapters.warehouse.statements import query

FORGET_BEYOND = 2_000
KEPT_FOR_UNDOING = 500
_AS_TEXT = ("ml_predictions", "extra")
Marks = dict[str, object]


@dataclass
class _Target:
    """All that is known of one image or run, by event id."""

    events: dict[str, Marks] = field(default_factory=dict[str, Marks])

    def marks(self) -> Marks:
        found: Marks = {}
        for _, said in sorted(self.events.items()):
            found |= said
        return {name: _cell(name, value) for name, value in found.items()}


def overlay(connection: Connection, journal: Journal) -> int:
    """Lay fresh events over the connection's warehouse; returns how many there were."""
    lines = journal.lines()
    if not lines:
        return 0
    known = _known(connection, [line.id for line in lines])
    fresh = [line for line in lines if line.id not in known]
    # an action is taken back as a whole, so that it is kept as a whole
    lately = {line.action for line in lines[-KEPT_FOR_UNDOING:]}
    done_with = known - {line.id for line in lines if line.action in lately}
    if len(done_with) > FORGET_BEYOND:
        journal.drop(done_with)
    for kind in ("image", "run"):
        _lay(connection, kind, [line for line in fresh if _target(line.event, kind)])
    return len(fresh)


def _known(connection: Connection, ids: Sequence[str]) -> frozenset[str]:
    rows = connection.execute(query("overlay/known").text, {"ids": list(ids)}).fetchall()
    return frozenset(row[0] for row in rows)


def _target(event: Mapping[str, object], kind: str) -> str | None:
    target = event.get("target")
    if not isinstance(target, dict):
        return None
    name = cast("Marks", target).get(kind)
    return name if isinstance(name, str) else None


def _lay(connection: Connection, kind: str, fresh: Sequence[Line]) -> None:
    if not fresh:
        return
    targets: dict[str, _Target] = {}
    for line in fresh:
        target = targets.setdefault(_target(line.event, kind) or "", _Target())
        target.events[line.id] = _said(line.event)
    for name, event_id, said in _before(connection, kind, targets):
        targets[name].events[event_id] = said
    marks = [{kind: name, **target.marks()} for name, target in targets.items()]
    statement = query(f"overlay/{kind}_marks").text
    connection.execute(statement, {"marks": json.dumps(marks)})


def _before(
    connection: Connection, kind: str, names: Iterable[str]
) -> Iterable[tuple[str, str, Marks]]:
    """What the snapshot has of these targets already."""
    asked = {"images": list[str](), "runs": list[str](), f"{kind}s": list(names)}
    for event_id, at, by, name, changes in connection.execute(
        query("overlay/events").text, asked
    ).fetchall():
        said = cast("Marks", json.loads(changes))
        yield name, event_id, said | {"annotated_at": str(at), "annotated_by": by}


def _said(event: Mapping[str, object]) -> Marks:
    changes = event.get("set")
    said = cast("Marks", changes) if isinstance(changes, dict) else {}
    at = str(event.get("at")).removesuffix("Z")
    return said | {"annotated_at": at, "annotated_by": event.get("by")}


def _cell(name: str, value: object) -> object:
    return json.dumps(value) if name in _AS_TEXT and value is not None else value
