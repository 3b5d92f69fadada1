"""A run's `human/ranking.json`, derived from the events of the run.

Owns the file that S2's tools and the next run read. The events are the truth; a ranking
somebody wrote into the file by other means is found here, so that it can become one.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import cast

from darkroom.adapters.stores.protocol import Store
from darkroom.core.annotations import Annotation, RunTarget, set_by
from darkroom.core.errors import KeyNotFound
from darkroom.core.keys import RunKeys
from darkroom.core.ranking import ranking_document, read_ranking
from darkroom.core.sidecar.fields import Json


def write_derived(store: Store, event: Annotation) -> None:
    """Write the file of the event's run, where the event says something of it."""
    said = set_by(event)
    if not isinstance(event.target, RunTarget) or "ranking" not in said:
        return
    key = keys_of(event.target.run).ranking()
    if said["ranking"] is None:  # undone: the run is as if nobody had ranked it
        store.delete(key)
        return
    order, notes = read_ranking(_as_file(cast("Mapping[str, Json]", said["ranking"])))
    at_s = datetime.fromisoformat(event.at).timestamp()
    text = json.dumps(ranking_document(order, notes, at_s), indent=2, ensure_ascii=False)
    store.put(key, f"{text}\n".encode(), "application/json")


def filed(store: Store, run: str) -> dict[str, Json] | None:
    """The ranking in the file of `PROJECT/RUN_ID`, as an event says it; None where none is."""
    try:
        document: object = json.loads(store.get(keys_of(run).ranking()))
    except (KeyNotFound, ValueError):
        return None
    if not isinstance(document, dict):
        return None
    order, notes = read_ranking(cast("Mapping[str, object]", document))
    return said_as(order, notes) if order else None


def said_as(order: list[int], notes: Mapping[int, str]) -> dict[str, Json]:
    """A ranking as an event says it."""
    return {"order": list(order), "notes": {str(number): text for number, text in notes.items()}}


def keys_of(run: str) -> RunKeys:
    """Where what belongs to `PROJECT/RUN_ID` lies."""
    project, _, run_id = run.partition("/")
    return RunKeys(project, run_id)


def _as_file(ranking: Mapping[str, Json]) -> dict[str, Json]:
    return {"ranking": ranking.get("order"), "notes": ranking.get("notes")}
