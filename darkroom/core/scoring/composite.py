"""The composite: one number from the four dimensions, and how much of it was measured.

Owns the weights and the arithmetic. A dimension nobody measured is left out and the rest
weighs more, never less honestly: the coverage says how much was there. Scores of different
tiers never meet in one number. Nothing is rounded here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from darkroom.core.config.fields import Record, ShortName
from darkroom.core.sidecar.judging import DIMENSIONS, Dimension, Score

Tier: TypeAlias = Literal["lite", "onnx", "torch", "unknown"]
TIERS: tuple[Tier, ...] = ("torch", "onnx", "lite", "unknown")
"""The one to prefer first, where two cover the same share."""

Weight = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
_WHOLE = 1e-6


class Weights(Record):
    """The share of each dimension in the composite."""

    id: ShortName
    """Stands beside every composite that was made with them."""
    technical: Weight
    aesthetic: Weight
    prompt_adherence: Weight
    detail: Weight

    @model_validator(mode="after")
    def _together_one(self) -> Self:
        total = sum(self.of(name) for name in DIMENSIONS)
        if abs(total - 1) > _WHOLE:
            raise ValueError(f"the four weights must come to 1, not {total:g}")
        return self

    def of(self, dimension: Dimension) -> float:
        """The weight of one dimension."""
        return float(getattr(self, dimension))


@dataclass(frozen=True)
class Composite:
    """One number, and what it stands on."""

    value: float | None
    """Not rounded; None where no dimension with a weight was measured."""
    coverage: float
    """The share of the whole weight that was really measured."""
    dimensions: Mapping[Dimension, float | None]
    tier: Tier | None
    weights: str
    """The id of the weights."""

    @property
    def weakest(self) -> Dimension | None:
        """The measured dimension with the lowest value."""
        found = present(self.dimensions)
        return min(found, key=lambda name: found[name]) if found else None


Counts: TypeAlias = Callable[[Score], bool]
"""Whether a score enters the composite; some metrics are shown only."""
WeightsOf: TypeAlias = Callable[[Tier], Weights]
"""The weights of a tier: tiers measure differently, and may be weighed differently."""


def composite(
    scores: Iterable[Score], weights_of: WeightsOf, counts: Counts, tier: Tier | None = None
) -> Composite:
    """Weigh the scores of one tier: the one asked for, else the one that covers most."""
    scores = [score for score in scores if counts(score)]
    if tier is None:
        tiers = {score.tier for score in scores}
        made = [_of_tier(scores, weights_of(name), name) for name in TIERS if name in tiers]
        nothing = Composite(None, 0.0, dict.fromkeys(DIMENSIONS), None, weights_of("unknown").id)
        return max(made, key=lambda one: one.coverage, default=nothing)
    return _of_tier(scores, weights_of(tier), tier)


def _of_tier(scores: Sequence[Score], weights: Weights, tier: Tier) -> Composite:
    dimensions = dimension_values([score for score in scores if score.tier == tier])
    value, coverage = weighed(dimensions, weights)
    return Composite(value, coverage, dimensions, tier, weights.id)


def dimension_values(scores: Iterable[Score]) -> dict[Dimension, float | None]:
    """The mean of the normalised values within each dimension; None where there is none."""
    values: dict[Dimension, list[float]] = {name: [] for name in DIMENSIONS}
    for score in scores:
        if score.dimension is not None and score.normalised is not None:
            values[score.dimension].append(score.normalised)
    return {name: fmean(found) if found else None for name, found in values.items()}


def weighed(
    dimensions: Mapping[Dimension, float | None], weights: Weights
) -> tuple[float | None, float]:
    """The weighted mean over what is present, and the share of the weight that was."""
    there = present(dimensions)
    covered = sum(weights.of(name) for name in there)
    if covered <= 0:
        return None, 0.0
    total = sum(weights.of(name) * value for name, value in there.items())
    # rounding must not carry a lone 8.0 below the grade that begins there
    value = min(max(there.values()), max(min(there.values()), total / covered))
    return value, min(1.0, covered)


def present(dimensions: Mapping[Dimension, float | None]) -> dict[Dimension, float]:
    """The dimensions that have a value."""
    there: dict[Dimension, float] = {}
    for name, value in dimensions.items():
        if value is not None:
            there[name] = value
    return there
