"""From every other document of a run to the rows it means: events, scores, runs, rankings.

Owns the reading of each kind and the one table that says which kind is read how. Raises
DataError where a document is not what its place says.
"""

import re
from collections.abc import Callable, Mapping
from typing import cast

import orjson

from darkroom.adapters.warehouse import values as v
from darkroom.adapters.warehouse.documents import checked_schema, object_of
from darkroom.adapters.warehouse.failure_tables import failure, outcome, refinement
from darkroom.adapters.warehouse.image_tables import score_columns
from darkroom.adapters.warehouse.places import Kind, run_of_key
from darkroom.adapters.warehouse.tables import Columns, Tables, copied, one_row
from darkroom.core.annotations import ImageTarget, document_of, parse, run_of
from darkroom.core.errors import SidecarDamaged
from darkroom.core.ranking import read_ranking

_SCORES_SCHEMA = "darkroom.scores/1"
_RUN_SCHEMA = "darkroom/run"
_NUMBER = re.compile(r"result\.(\d+)\.json\Z")


def tables_of(kind: Kind, key: str, data: bytes) -> Tables:
    """Every row one document means; DataError where it cannot be read."""
    return _READERS[kind](data, key)


def _annotation(data: bytes, key: str) -> Tables:
    event = parse(data, key)
    target = event.target
    changes = document_of(event)["set"]
    row = one_row(
        id=event.id,
        source=key,
        annotated_at=event.at,
        annotated_by=event.by,
        target=target.kind,
        image=target.image if isinstance(target, ImageTarget) else None,
        run=run_of(target.image) if isinstance(target, ImageTarget) else target.run,
        undoes=event.undoes,
        changes=orjson.dumps(changes).decode(),
    )
    return {"annotations": row}


def _score_document(data: bytes, key: str) -> Tables:
    document, text = object_of(data, key)
    checked_schema(document, _SCORES_SCHEMA, key)
    image = document.get("image")
    if not isinstance(image, str) or not _belongs(key, image):
        raise SidecarDamaged("sidecar-other-key", "names an image of another place", where=key)
    row = copied(document, ("image_sha256", "grade", "calibration")) | one_row(
        image=image,
        source=key,
        document_id=_ulid_of(key),
        measured_at=document.get("at"),
        composite_score=v.within(document.get("composite_score"), 0, 10),
        coverage=v.within(document.get("coverage"), 0, 1),
        document=text,
    )
    scores = v.objects(document.get("scores"))
    return {
        "score_documents": row,
        "scores": score_columns([image], [key], [document.get("at")], [scores]),
    }


def _ulid_of(key: str) -> str:
    return key.removesuffix(".json").rpartition(".")[2]


def _belongs(key: str, image: str) -> bool:
    """Whether a score document lies where those of this image do."""
    folder, _, name = key.rpartition("/")
    stem = image.rpartition("/")[2].rpartition(".")[0]
    root = folder.removesuffix("scores")
    return name.removesuffix(f".{_ulid_of(key)}.json") == stem and image.startswith(root)


_OF_A_RUN = ("title", "started_at", "host", "engine", "workflow", "input_sha256", "seeded_from")


def _run(data: bytes, key: str) -> Tables:
    document, text = object_of(data, key)
    checked_schema(document, _RUN_SCHEMA, key)
    judge, rules = v.part(document, "judge"), v.part(v.part(document, "rules"), "project")
    run = run_of_key(key)
    project, _, run_id = run.partition("/")
    row = copied(document, _OF_A_RUN) | one_row(
        run=run,
        source=key,
        project=project,
        run_id=run_id,
        judge_provider=judge.get("provider"),
        judge_model=judge.get("model"),
        strategy=rules.get("strategy"),
        max_iterations=rules.get("max_iterations"),
        is_test=document.get("is_test") is True,
        document=text,
    )
    return {"runs": row}


def _result(data: bytes, key: str) -> Tables:
    document, text = object_of(data, key)
    numbered = _NUMBER.search(key)
    row = copied(document, ("status", "reason", "closed_at")) | one_row(
        run=run_of_key(key),
        source=key,
        number=int(numbered[1]) if numbered else 1,
        best_iteration=document.get("best"),
        score=v.within(document.get("score"), 0, 100),
        image=document.get("image_key"),
        iteration_count=len(v.items(document.get("iterations"))),
        document=text,
    )
    return {"run_results": row}


def _ranking(data: bytes, key: str) -> Tables:
    document, _ = object_of(data, key)
    order, notes = read_ranking(cast("Mapping[str, object]", document))
    count = len(order)
    columns: Columns = {
        "run": [run_of_key(key)] * count,
        "source": [key] * count,
        "position": list(range(1, count + 1)),
        "iteration": order,
        "note": [notes.get(number) for number in order],
        "updated_at": [document.get("updated_at")] * count,
    }
    return {"rankings": columns}


_READERS: Mapping[str, Callable[[bytes, str], Tables]] = {
    "annotation": _annotation,
    "scores": _score_document,
    "run": _run,
    "result": _result,
    "ranking": _ranking,
    "failure": failure,
    "outcome": outcome,
    "refinement": refinement,
}
