"""Which place of a sidecar of version 1 feeds which column of `images`.

Owns that table and nothing else. Where an image lies is said by its key alone, never
by the content; see `image_tables`.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Section: TypeAlias = Literal[
    "document",
    "identity",
    "input",
    "workflow",
    "parameters",
    "engine",
    "parent",
    "evaluation",
    "comparison",
    "aivis_metadata",
    "quality",
    "refinement",
    "experiment",
    "cost",
]
Limits: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class Place:
    """Where the value of one column stands."""

    column: str
    section: Section
    name: str
    limits: Limits | None = None
    """Numbers outside are no measurements and become NULL."""


def _same(section: Section, *names: str) -> tuple[Place, ...]:
    return tuple(Place(name, section, name) for name in names)


PLACES: tuple[Place, ...] = (
    Place("created_at", "document", "timestamp"),
    Place("variation_hash", "document", "variation_combination_hash"),
    Place("validation_score", "document", "validation_score", (0, 1)),
    *_same("document", "committed_at", "generation_id"),
    *_same("identity", "iteration", "job_key", "prompt_id", "sha256", "size_bytes"),
    *_same("identity", "width", "height", "mime"),
    *_same("input", "preset"),
    Place("workflow", "workflow", "name"),
    *_same("workflow", "model", "vae"),
    *_same("parameters", "seed", "steps", "cfg", "guidance", "sampler", "scheduler", "denoise"),
    Place("engine", "engine", "kind"),
    Place("engine_version", "engine", "version"),
    *_same("engine", "host", "device"),
    Place("parent_sha256", "parent", "sha256"),
    Place("parent_image", "parent", "key"),
    Place("overall_score", "evaluation", "overall_score", (0, 100)),
    Place("similarity_score", "comparison", "similarity_score", (0, 1)),
    Place("judge_provider", "aivis_metadata", "provider"),
    Place("judge_model", "aivis_metadata", "model"),
    Place("judge_is_fallback", "aivis_metadata", "using_fallback"),
    Place("judge_error", "aivis_metadata", "error"),
    Place("composite_score", "quality", "composite_score", (0, 10)),
    Place("grade", "quality", "grade"),
    Place("coverage", "quality", "coverage", (0, 1)),
    *_same("refinement", "attempt", "max_attempts", "strategy"),
    Place("refinement_status", "refinement", "status"),
    Place("experiment", "experiment", "name"),
    *_same("experiment", "cell"),
    *_same("cost", "seconds", "gpu_seconds", "calls", "tokens_in", "tokens_out"),
)
