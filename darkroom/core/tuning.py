"""How the sampler settings of the next iteration follow from the last one.

Owns the rules for too similar and too different: when they hold, which way they
push, and the fixed steps. Settings never leave their ranges.
"""

from dataclasses import dataclass, replace
from typing import Literal, Protocol

DENOISE_STEP = 0.05
CFG_STEP = 1.0
DENOISE_RANGE = (0.0, 1.0)
CFG_RANGE = (1.0, 20.0)

Chooser = Literal["fixed", "model"]
Direction = Literal["more", "less"]


@dataclass(frozen=True)
class Settings:
    """The six sampler settings of one iteration."""

    denoise: float
    cfg: float
    steps: int
    seed: int
    sampler_name: str
    scheduler: str


class SimilarityRules(Protocol):
    """When an image is too much like the original or too little, and what follows."""

    @property
    def too_similar(self) -> Chooser:
        """Return who chooses the settings when it is too similar."""
        ...

    @property
    def too_different(self) -> Chooser:
        """Return who chooses the settings when it is too different."""
        ...

    @property
    def similar_above(self) -> float:
        """Return the similarity above which it is too similar."""
        ...

    @property
    def different_below(self) -> float:
        """Return the similarity below which it is too different."""
        ...

    @property
    def denoise_step(self) -> float:
        """Return by how much denoise moves."""
        ...

    @property
    def cfg_step(self) -> float:
        """Return by how much cfg moves."""
        ...


@dataclass(frozen=True)
class FixedRules:
    """The fixed rules, with the usual numbers."""

    too_similar: Chooser = "fixed"
    too_different: Chooser = "fixed"
    similar_above: float = 0.85
    different_below: float = 0.3
    denoise_step: float = DENOISE_STEP
    cfg_step: float = CFG_STEP


FIXED_RULES = FixedRules()


def clamped(value: float, bounds: tuple[float, float]) -> float:
    """Return the value, moved into its range; rounded so that steps do not drift."""
    low, high = bounds
    return round(min(high, max(low, value)), 6)


def nudged(settings: Settings, denoise: float, cfg: float) -> Settings:
    """Move denoise and cfg by these amounts, within their ranges."""
    return replace(
        settings,
        denoise=clamped(settings.denoise + denoise, DENOISE_RANGE),
        cfg=clamped(settings.cfg + cfg, CFG_RANGE),
    )


def direction_of(similarity: float | None, rules: SimilarityRules) -> Direction | None:
    """Say whether the next image should change more, or less, or neither."""
    if similarity is None:
        return None
    if similarity > rules.similar_above:
        return "more"
    return "less" if similarity < rules.different_below else None


def retuned(settings: Settings, direction: Direction | None, rules: SimilarityRules) -> Settings:
    """Take the fixed step: away from the original with cfg, back to it without."""
    if direction == "more":
        return nudged(settings, rules.denoise_step, rules.cfg_step)
    if direction == "less":
        return nudged(settings, -rules.denoise_step, 0.0)
    return settings
