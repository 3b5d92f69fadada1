"""A series of attempts at one image: what was tried, and what it came to.

Owns the records of a series and the refinement block of a sidecar. Draws nothing, stores
nothing and decides nothing.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from darkroom.core.keys import RunKeys
from darkroom.core.scoring.refinement import (
    BestEffort,
    Draw,
    NoImage,
    RefinePlan,
    Success,
    Tried,
)
from darkroom.generating.drawing import Made
from darkroom.generating.judging import Judgement

Status: TypeAlias = Literal["success", "best_effort", "no_image"]


@dataclass(frozen=True)
class Trial:
    """One attempt as it went."""

    step: Draw
    prompt: str
    negative: str
    made: Made | None = None
    judgement: Judgement | None = None
    failure: str | None = None

    @property
    def tried(self) -> Tried:
        """As decisions see it."""
        score = self.judgement.composite_score if self.judgement else None
        return Tried(self.step.attempt, score, self.failure)


@dataclass
class Series:
    """What a series set out to do and what it has done."""

    plan: RefinePlan
    keys: RunKeys
    trials: list[Trial] = field(default_factory=list[Trial])

    @property
    def tried(self) -> list[Tried]:
        """Every attempt so far."""
        return [trial.tried for trial in self.trials]

    def block(self, step: Draw, score: float | None) -> dict[str, object]:
        """The sidecar's refinement block, as the series stands when this attempt is committed."""
        return {
            "attempt": step.attempt.number,
            "max_attempts": self.plan.max_attempts,
            "strategy": self.plan.strategy,
            "previous_scores": [each.score for each in self.tried],
            "status": self._status(step, score),
        }

    def _status(self, step: Draw, score: float | None) -> str | None:
        if score is not None and score >= self.plan.threshold:
            return "success"
        return "best_effort" if step.attempt.number == self.plan.max_attempts else None


@dataclass(frozen=True)
class AttemptLine:
    """One attempt as a row of a report."""

    attempt: int
    seed: int
    steps: int | None
    cfg: float | None
    append: str
    composite_score: float | None
    grade: str | None
    coverage: float | None
    image: str | None
    key: str | None
    is_fresh: bool
    why: str
    failure: str | None


@dataclass(frozen=True)
class Refined:
    """What a series came to; S3's GenerationResult."""

    status: Status
    reason: str
    strategy: str
    threshold: float
    max_attempts: int
    seed: int
    best: int | None = None
    """The number of the best attempt."""
    image: str | None = None
    """Where a person finds it."""
    metadata: str | None = None
    key: str | None = None
    copy: str | None = None
    composite_score: float | None = None
    grade: str | None = None
    coverage: float | None = None
    is_provisional: bool = True
    """Too little was measured to stand by the grade."""
    attempts: tuple[AttemptLine, ...] = ()
    notes: tuple[str, ...] = ()
    """What servers did in the middle of the work: one died, one came back."""


def refined(
    series: Series, step: Success | BestEffort | NoImage, copy: str | None = None
) -> Refined:
    """The report of a series that ended."""
    plan = series.plan
    about = (plan.strategy, plan.threshold, plan.max_attempts, plan.seed)
    lines = tuple(_line(trial) for trial in series.trials)
    if isinstance(step, NoImage):
        return Refined("no_image", step.reason, *about, attempts=lines)
    best = best_trial(series, step)
    rated = best.judgement.assessment if best.judgement else None
    made = best.made
    return Refined(
        "success" if isinstance(step, Success) else "best_effort",
        _reason(step, plan),
        *about,
        best=step.best.attempt.number,
        image=made.image if made else None,
        metadata=made.metadata if made else None,
        key=made.key if made else None,
        copy=copy,
        composite_score=step.best.score,
        grade=rated.graded.grade if rated else None,
        coverage=rated.composite.coverage if rated else None,
        is_provisional=rated.graded.is_provisional if rated else True,
        attempts=lines,
    )


def best_trial(series: Series, step: Success | BestEffort) -> Trial:
    """The attempt that an ending calls the best."""
    return series.trials[step.best.attempt.number - 1]


def _reason(step: Success | BestEffort, plan: RefinePlan) -> str:
    number, score = step.best.attempt.number, step.best.score
    if isinstance(step, Success):
        return f"attempt {number} reached {score:.2f}"
    if score is None:
        return "no attempt could be scored"
    return f"no attempt reached {plan.threshold:g}; the best is {number} with {score:.2f}"


def _line(trial: Trial) -> AttemptLine:
    attempt, made = trial.step.attempt, trial.made
    rated = trial.judgement.assessment if trial.judgement else None
    return AttemptLine(
        attempt.number,
        attempt.seed,
        attempt.steps,
        attempt.cfg,
        attempt.append,
        trial.tried.score,
        rated.graded.grade if rated else None,
        rated.composite.coverage if rated else None,
        made.image if made else None,
        made.key if made else None,
        made.is_fresh if made else False,
        trial.step.why,
        trial.failure,
    )
