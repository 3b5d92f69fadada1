"""Score what is pointed at: one row per image, whatever becomes of the others.

Owns the row and the order. Writes nothing: scores that should stay belong to `rescoring`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from darkroom.adapters.settings import open_lab
from darkroom.core.scoring.metrics import Tier
from darkroom.core.sidecar.judging import Dimension, Grade, Score
from darkroom.scoring.configured import Scoring, scoring_of
from darkroom.scoring.measuring import Bar, measuring, no_bar, runnable
from darkroom.scoring.targets import Bad, Found, opened, places
from darkroom.writepath.opening import opened_desk


@dataclass(frozen=True)
class ScoreRequest:
    """One call of `darkroom score`."""

    names: Sequence[str]
    prompt: str | None = None
    tier: Tier | None = None
    project: str | None = None


@dataclass(frozen=True)
class Scored:
    """One image with everything measured, or the reason why nothing could be."""

    image: str
    sha256: str | None = None
    prompt: str | None = None
    composite_score: float | None = None
    grade: Grade | None = None
    is_provisional: bool = True
    coverage: float = 0.0
    dimensions: Mapping[Dimension, float | None] = field(
        default_factory=dict[Dimension, float | None]
    )
    findings: Mapping[str, float] = field(default_factory=dict[str, float])
    """Named faults and how strong each is, as a raw value."""
    scores: tuple[Score, ...] = ()
    reason: str | None = None


def score(
    request: ScoreRequest, bar: Bar = no_bar, say: Callable[[str], None] = lambda _text: None
) -> list[Scored]:
    """A row for each image that the names mean, in their order."""
    lab = open_lab()
    scoring = scoring_of(lab, request.project).with_tier(request.tier)
    able = runnable(scoring, scoring.tier)
    for name, why in able.left_out.items():
        say(f"{name} is left out: {why}")
    rows: dict[int, Scored] = {}
    with opened_desk(lab) as desk:
        meant = places(request.names, desk.store)
        with bar("scoring", len(meant)) as advance, measuring(scoring, able.specs) as measure:

            def tell(number: int, each: Found, scores: tuple[Score, ...]) -> None:
                rows[number] = row_of(each, scores, scoring)
                advance(1)

            measure.found(opened(meant, desk.store, request.prompt), tell)
    return [rows[number] for number in sorted(rows)]


def row_of(target: Found, scores: tuple[Score, ...], scoring: Scoring) -> Scored:
    """What the scores of one image come to, or why it has none."""
    if isinstance(target, Bad):
        return Scored(target.name, reason=target.reason)
    found = scoring.assess(scores, scoring.tier)
    made, grade = found.composite, found.graded
    return Scored(
        target.name,
        target.image.sha256,
        target.image.prompt,
        made.value,
        grade.grade,
        grade.is_provisional,
        made.coverage,
        made.dimensions,
        _findings(scores, scoring),
        scores,
        None if made.value is not None else _why(scores),
    )


def _findings(scores: Sequence[Score], scoring: Scoring) -> dict[str, float]:
    named = {spec.name: spec.finding for spec in scoring.specs(scoring.tier) if spec.finding}
    return {
        named[score.metric] or score.metric: score.raw
        for score in scores
        if score.metric in named and score.raw is not None
    }


def _why(scores: Sequence[Score]) -> str:
    return next((score.reason for score in scores if score.reason), "nothing was measured")
