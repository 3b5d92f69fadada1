"""From documents of what did not come out well to rows: failures, and whole refinements.

Owns their reading. A failure is either an image below the threshold it was drawn for, or a
submission that ended without an image; both are asked about together, so both are rows of
one table. Raises DataError where a document is not what its place says.
"""

import re

from darkroom.adapters.warehouse import values as v
from darkroom.adapters.warehouse.documents import checked_schema, object_of
from darkroom.adapters.warehouse.places import run_of_key
from darkroom.adapters.warehouse.tables import Columns, Tables, copied, one_row
from darkroom.adapters.warehouse.values import Document

_FAILURE_SCHEMA = "darkroom.quality_failure/1"
_OUTCOME_SCHEMA = "darkroom/outcome"
_REFINEMENT_SCHEMA = "darkroom.refinement/1"
_SUBMISSION = re.compile(r"(?P<job>[0-9a-f]{64})\.(?P<attempt>\d+)\.json\Z")
_OF_A_FAILURE = (
    "image",
    "attempt",
    "max_attempts",
    "strategy",
    "threshold",
    "grade",
    "weakest",
    "prompt",
    "negative_prompt",
    "seed",
    "steps",
    "cfg",
)
_OF_A_REFINEMENT = ("status", "reason", "strategy", "threshold", "max_attempts", "seed")


def failure(data: bytes, key: str) -> Tables:
    """An attempt of a refinement that was not good enough, or drew nothing."""
    document, text = object_of(data, key)
    checked_schema(document, _FAILURE_SCHEMA, key)
    row = _about(key, text) | copied(document, _OF_A_FAILURE)
    row |= one_row(
        kind="quality",
        failed_at=document.get("at"),
        cause=_cause(document),
        message=document.get("failure"),
        composite_score=v.within(document.get("composite_score"), 0, 10),
    )
    return {"failures": row}


def _cause(document: Document) -> str:
    if document.get("image") is None:
        return "not_drawn"
    return "not_measured" if document.get("composite_score") is None else "below_threshold"


def outcome(data: bytes, key: str) -> Tables:
    """A submission that ended without an image."""
    document, text = object_of(data, key)
    checked_schema(document, _OUTCOME_SCHEMA, key)
    ended = v.part(document, "ended")
    submission = _SUBMISSION.search(key)
    result = v.text(ended.get("result"))
    row = _about(key, text) | one_row(
        kind="drawing",
        failed_at=document.get("recorded_at"),
        cause=v.text(ended.get("cause")) if result == "failed" else result,
        message=ended.get("message"),
        node=ended.get("node"),
        attempt=int(submission["attempt"]) if submission else None,
        job_key=submission["job"] if submission else None,
    )
    return {"failures": row}


def refinement(data: bytes, key: str) -> Tables:
    """How a series of attempts at one image ended."""
    document, text = object_of(data, key)
    checked_schema(document, _REFINEMENT_SCHEMA, key)
    row = _about(key, text) | copied(document, _OF_A_REFINEMENT)
    row |= one_row(
        ended_at=document.get("at"),
        image=document.get("best"),
        composite_score=v.within(document.get("composite_score"), 0, 10),
        attempt_count=len(v.items(document.get("images"))),
    )
    return {"refinements": row}


def _about(key: str, text: str) -> Columns:
    return one_row(source=key, run=run_of_key(key), project=key.partition("/")[0], document=text)
