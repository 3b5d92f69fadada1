"""scoring.yaml: which tier measures, what weighs how much, where the grades begin.

Owns the shape of the file and the step from scores to a sidecar's quality block. Where
the file lies is the adapters' business.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field, model_validator

from darkroom.core.config.fields import Record
from darkroom.core.scoring.composite import Composite, Counts, Weights, composite
from darkroom.core.scoring.composite import Tier as AnyTier
from darkroom.core.scoring.grades import Bands, Graded, check_bands, graded
from darkroom.core.scoring.metrics import Tier
from darkroom.core.sidecar.judging import Quality, Score

Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


class FitLimits(Record):
    """How many ratings a fit needs."""

    min_pairs: Annotated[int, Field(ge=10, le=1_000_000)]
    good_pairs: Annotated[int, Field(ge=10, le=1_000_000)]


class CalibrateLimits(Record):
    """How many images a calibration needs."""

    min_images: Annotated[int, Field(ge=10, le=1_000_000)]


class ScoringSettings(Record):
    """The whole of scoring.yaml."""

    tier: Tier
    weights: Weights
    tier_weights: dict[Tier, Weights] = Field(default_factory=dict[Tier, Weights])
    """Other weights for one tier, such as fitted ones."""
    provisional_below: Share
    grades: Bands
    fit: FitLimits
    calibrate: CalibrateLimits

    def weights_of(self, tier: AnyTier) -> Weights:
        """The weights that count for scores of a tier."""
        return self.weights if tier == "unknown" else self.tier_weights.get(tier, self.weights)

    @model_validator(mode="after")
    def _without_holes(self) -> Self:
        check_bands(self.grades)
        return self


@dataclass(frozen=True)
class Assessment:
    """What all scores of one image come to."""

    composite: Composite
    graded: Graded

    @property
    def value(self) -> float | None:
        """The composite, not rounded."""
        return self.composite.value

    def quality(self, scores: tuple[Score, ...]) -> Quality:
        """The quality block of a sidecar."""
        return Quality.from_scores(
            scores, self.composite.value, self.graded.grade, self.composite.coverage
        )


def assess(
    scores: Iterable[Score],
    settings: ScoringSettings,
    counts: Counts,
    tier: AnyTier | None = None,
) -> Assessment:
    """Composite, coverage and grade of one image."""
    made = composite(scores, settings.weights_of, counts, tier)
    grade = graded(made.value, made.coverage, settings.grades, settings.provisional_below)
    return Assessment(made, grade)
