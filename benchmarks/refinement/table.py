"""The table of the benchmark, in Markdown."""

from collections.abc import Iterator, Sequence

from benchmarks.refinement.arms import PREDICATE, RESEED
from benchmarks.refinement.scoring import (
    Figure,
    Scored,
    difference,
    facts,
    facts_by_pair,
    per_minute,
    success,
)
from darkroom.adapters.embeddings.shapeworld import identity

_FIGURES: tuple[tuple[str, Figure], ...] = (
    ("right images (held-out: outlines)", success),
    ("facts right (held-out: outlines)", facts),
    ("facts right (held-out: learned pair)", facts_by_pair),
    ("right images per GPU-minute", per_minute),
)


def rows(judged: Sequence[Scored], budget: int) -> Iterator[str]:
    """The whole table."""
    first, second = _arm(judged, PREDICATE), _arm(judged, RESEED)
    yield f"{len(first)} prompts, at most {budget} images each; pair: {identity()}"
    yield ""
    yield "| figure | predicate | reseeding | difference, 95 % interval |"
    yield "| --- | --- | --- | --- |"
    for name, figure in _FIGURES:
        lead = difference(first, second, figure)
        yield f"| {name} | {figure(first):.2f} | {figure(second):.2f} | {lead} |"
    for name, kept in (("with a planted bias", True), ("without", False)):
        one, two = _kind(first, kept), _kind(second, kept)
        if one:
            lead = difference(one, two, success)
            text = f"{success(one):.2f} | {success(two):.2f} | {lead}"
            yield f"| right images, {len(one)} prompts {name} | {text} |"
    yield f"| images drawn | {_images(first)} | {_images(second)} | |"
    yield f"| seconds of drawing | {_seconds(first):.0f} | {_seconds(second):.0f} | |"
    yield f"| accepted by the steering judge (not counted) | {_said(first)} | {_said(second)} | |"


def _arm(judged: Sequence[Scored], name: str) -> list[Scored]:
    return [item for item in judged if item.delivered.arm == name]


def _kind(arm: Sequence[Scored], biased: bool) -> list[Scored]:
    return [item for item in arm if (item.bias is not None) == biased]


def _images(arm: Sequence[Scored]) -> int:
    return sum(item.delivered.images for item in arm)


def _seconds(arm: Sequence[Scored]) -> float:
    return sum(item.delivered.gpu_s for item in arm)


def _said(arm: Sequence[Scored]) -> int:
    return sum(item.delivered.accepted for item in arm)
