"""Which form a document has, and how it becomes a document of version 1.

Owns recognition by shape and the table of upgrade functions.
"""

from collections.abc import Callable
from typing import Literal

from darkroom.core.sidecar.fields import Json
from darkroom.core.sidecar.foreign import from_s0_flat, from_s2_iteration, from_s3_nested
from darkroom.core.sidecar.model import SCHEMA
from darkroom.core.sidecar.moving import Upgraded
from darkroom.core.sidecar.older import from_version_0

Form = Literal["darkroom-1", "darkroom-0", "s0-flat", "s2-iteration", "s3-nested"]
_S0_MARKS = {"seed", "workflow", "sampler", "minio_url"}
_S2_MARKS = {"parameters_used", "prompts_used", "evaluation", "image_path"}
_S3_MARKS = ("input", "parameters", "workflow")


def form_of(document: dict[str, Json]) -> Form | None:
    """Recognise a document by its shape; None for a form nobody here knows."""
    if document.get("schema") == SCHEMA:
        return "darkroom-0" if document.get("version") == 0 else "darkroom-1"
    if all(isinstance(document.get(mark), dict) for mark in _S3_MARKS):
        return "s3-nested"
    if "iteration" in document and _S2_MARKS & document.keys():
        return "s2-iteration"
    if "prompt" in document and _S0_MARKS & document.keys():
        return "s0-flat"
    return None


def upgraded(document: dict[str, Json], form: Form) -> Upgraded:
    """Bring a document of any known form to version 1."""
    return _FUNCTIONS[form](document)


def _as_it_is(document: dict[str, Json]) -> Upgraded:
    return Upgraded(dict(document))


_FUNCTIONS: dict[Form, Callable[[dict[str, Json]], Upgraded]] = {
    "s0-flat": from_s0_flat,
    "s2-iteration": from_s2_iteration,
    "s3-nested": from_s3_nested,
    "darkroom-0": from_version_0,
    "darkroom-1": _as_it_is,
}
