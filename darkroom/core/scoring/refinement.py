"""Trying again until an image is good enough: which attempt comes next, and when it ends.

Owns the decision as a pure function of the plan and of what was tried, and the shape of
refinement.yaml. Every step is one attempt nearer to the budget, so it always ends. A seed
is drawn from the plan's own, so that a resumed series takes the same decisions again.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias, cast

from pydantic import Field

from darkroom.core.config.fields import Record
from darkroom.core.config.parameters import MAX_SEED, Cfg, Steps

StrategyName = Literal["progressive", "seed_search", "prompt_enhance"]
STRATEGIES: tuple[StrategyName, ...] = ("progressive", "seed_search", "prompt_enhance")
MOST_ATTEMPTS = 100
_DRAWN_BELOW = 1 << 53
"""Tools that keep numbers as floats show such seeds exactly."""

OutOfTen = Annotated[float, Field(ge=0.0, le=10.0, allow_inf_nan=False)]
Attempts = Annotated[int, Field(ge=1, le=MOST_ATTEMPTS)]


class Row(Record):
    """What one attempt changes; what is left out stays as the request has it."""

    steps: Steps | None = None
    cfg: Cfg | None = None
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] | None = None
    append: Annotated[str, Field(max_length=1000)] = ""
    """Put behind the prompt."""


class Strategy(Record):
    """The attempts of one strategy, in order."""

    seed: Literal["drawn", "kept"]
    """The seed of a row that names none: a new one each time, or always the first."""
    attempts: Annotated[tuple[Row, ...], Field(strict=False, min_length=1, max_length=100)]


class Strategies(Record):
    """Every strategy there is."""

    progressive: Strategy
    seed_search: Strategy
    prompt_enhance: Strategy

    def of(self, name: StrategyName) -> Strategy:
        """One strategy by its name."""
        return cast("Strategy", getattr(self, name))


class RefinementTable(Record):
    """The whole of refinement.yaml."""

    threshold: OutOfTen
    max_attempts: Attempts
    strategy: StrategyName
    strategies: Strategies


class RefinePlan(Record):
    """What a series of attempts set out to do."""

    strategy: StrategyName
    table: Strategy
    threshold: OutOfTen
    max_attempts: Attempts
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)]
    """The first seed, and what all others are drawn from."""


@dataclass(frozen=True)
class Attempt:
    """One image to draw."""

    number: int
    seed: int
    steps: int | None = None
    cfg: float | None = None
    append: str = ""


@dataclass(frozen=True)
class Tried:
    """One attempt as it went."""

    attempt: Attempt
    score: float | None
    """The composite; None where nothing could be measured, which never counts as passed."""
    failure: str | None = None
    """Why there is no image, where there is none."""


@dataclass(frozen=True)
class Draw:
    """Draw another image, for this reason."""

    attempt: Attempt
    why: str


@dataclass(frozen=True)
class Success:
    """An image reached the threshold."""

    best: Tried


@dataclass(frozen=True)
class BestEffort:
    """The budget is spent; this is the best there is."""

    best: Tried


@dataclass(frozen=True)
class NoImage:
    """The budget is spent and no attempt gave an image."""

    reason: str


Step: TypeAlias = Draw | Success | BestEffort | NoImage


def next_step(plan: RefinePlan, tried: Sequence[Tried]) -> Step:
    """What follows from everything tried so far."""
    best = best_of(tried)
    if best is not None and best.score is not None and best.score >= plan.threshold:
        return Success(best)
    if len(tried) < plan.max_attempts:
        return Draw(attempt_of(plan, len(tried) + 1), _why(plan, tried))
    if best is not None:
        return BestEffort(best)
    return NoImage(tried[-1].failure or "no attempt gave an image")


def best_of(tried: Sequence[Tried]) -> Tried | None:
    """The image with the highest score, the earlier one of equals; None without an image."""
    drawn = [each for each in tried if each.failure is None]
    return max(drawn, key=lambda each: -1.0 if each.score is None else each.score, default=None)


def attempt_of(plan: RefinePlan, number: int) -> Attempt:
    """The settings of one attempt; beyond the table its last row with a new seed."""
    rows = plan.table.attempts
    row = rows[min(number, len(rows)) - 1]
    return Attempt(number, _seed(plan, row, number), row.steps, row.cfg, row.append)


def _seed(plan: RefinePlan, row: Row, number: int) -> int:
    if number > len(plan.table.attempts):
        return drawn_seed(plan.seed, number)
    if row.seed is not None:
        return row.seed
    if number == 1 or plan.table.seed == "kept":
        return plan.seed
    return drawn_seed(plan.seed, number)


def drawn_seed(first: int, number: int) -> int:
    """A seed that the same series draws again when it is resumed."""
    return seed_of(f"refine/{first}/{number}")


def seed_of(name: str) -> int:
    """The seed that follows from a name."""
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:8], "big") % _DRAWN_BELOW


def _why(plan: RefinePlan, tried: Sequence[Tried]) -> str:
    if not tried:
        return "the first attempt"
    last = tried[-1]
    if last.failure is not None:
        return f"attempt {last.attempt.number} gave no image: {last.failure}"
    if last.score is None:
        return f"attempt {last.attempt.number} could not be scored"
    return f"attempt {last.attempt.number} scored {last.score:.2f}, below {plan.threshold:g}"
