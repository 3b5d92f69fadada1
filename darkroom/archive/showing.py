"""Everything known of one image or run, gathered for a person or a program.

Owns what is shown together: the facts, the scores by metric, the criteria, what people
said and when. What people said is read from the store, the rest from the warehouse.
"""

from dataclasses import dataclass

import orjson

from darkroom.adapters.settings import Lab
from darkroom.adapters.stores import opened_store
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.warehouse.asking import rows_of
from darkroom.adapters.warehouse.opening import Connection
from darkroom.adapters.warehouse.statements import query
from darkroom.archive.annotating_log import histories, key_of
from darkroom.archive.annotating_targets import meant
from darkroom.archive.opening import opened_library
from darkroom.core.annotations import Annotation, ImageTarget, RunTarget, Target, set_by
from darkroom.core.errors import UsageError
from darkroom.core.sidecar.fields import Json

Record = dict[str, object]


@dataclass(frozen=True)
class ShownImage:
    """One image: its row, its document, and the rows that hang on it."""

    facts: Record
    loras: list[Record]
    variations: list[Record]
    scores: list[Record]
    criteria: list[Record]
    children: list[Record]
    events: list[Record]
    document: Json


@dataclass(frozen=True)
class ShownRun:
    """One run: its row, its images in order, and what people said of the run."""

    facts: Record
    images: list[Record]
    events: list[Record]


def shown(lab: Lab, name: str) -> ShownImage | ShownRun:
    """Gather what is known of whatever a person names."""
    with opened_store(lab) as store:
        named = meant(lab, store, [name])
        with opened_library(lab) as connection:
            if named.images:
                return show_image(connection, store, named.images[0])
            return show_run(connection, store, named.runs[0])


def show_image(connection: Connection, store: Store, image: str) -> ShownImage:
    """Gather what is known of one image, by its key."""
    facts = _one(_rows(connection, "show_image", {"image": image}), image)
    document = facts.pop("document")
    return ShownImage(
        facts=facts,
        loras=_rows(connection, "show_loras", {"image": image}),
        variations=_rows(connection, "show_variations", {"image": image}),
        scores=_rows(connection, "show_scores", {"image": image}),
        criteria=_rows(connection, "show_criteria", {"image": image}),
        children=_rows(connection, "show_children", {"sha256": facts["sha256"]}),
        events=_events(store, ImageTarget(image=image)),
        document=orjson.loads(str(document)),
    )


def show_run(connection: Connection, store: Store, run: str) -> ShownRun:
    """Gather what is known of one run, as PROJECT/RUN_ID."""
    return ShownRun(
        facts=_one(_rows(connection, "show_run", {"run": run}), run),
        images=_rows(connection, "show_run_images", {"run": run}),
        events=_events(store, RunTarget(run=run)),
    )


def _rows(connection: Connection, name: str, values: dict[str, object]) -> list[Record]:
    return rows_of(connection, query(name).text, values)


def _one(rows: list[Record], name: str) -> Record:
    if not rows:
        message = f"{name!r} is in the store, but not in the warehouse yet"
        raise UsageError("annotation-target", message, hint="run `darkroom warehouse sync`")
    return rows[0]


def _events(store: Store, target: Target) -> list[Record]:
    events = histories(store, [target])[key_of(target)]
    return [_record(event) for event in events]


def _record(event: Annotation) -> Record:
    said: Record = {"id": event.id, "at": event.at, "by": event.by, "set": set_by(event)}
    return said | ({"undoes": event.undoes} if event.undoes else {})
