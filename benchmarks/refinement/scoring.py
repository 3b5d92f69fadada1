"""Scores of the delivered images by the held-out judges, and the paired comparison.

Owns the bootstrap: prompts are drawn with replacement, both arms of a prompt together,
so that an easy prompt is easy for both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.refinement import pair
from benchmarks.refinement.arms import Delivered
from benchmarks.refinement.contours import read_outlines
from benchmarks.refinement.prompts import Case
from darkroom.adapters.images import decode
from darkroom.adapters.stores.protocol import Store
from darkroom.core.world.measured import facts_met

_ROUNDS, _SEED = 10_000, 5


@dataclass(frozen=True)
class Scored:
    """One delivered image, judged by those that never steered."""

    delivered: Delivered
    bias: str | None
    right: bool
    """Every stated fact holds, by outlines."""
    share: float
    """The share of stated facts, by outlines."""
    pair_share: float
    """The same by the learned pair."""


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:+.2f} [{self.low:+.2f}, {self.high:+.2f}]"


Figure = Callable[[Sequence[Scored]], float]


def scored(store: Store, case: Case, delivered: Delivered) -> Scored:
    """Judge one delivered image; none at all has nothing right."""
    if delivered.image_key is None:
        return Scored(delivered, case.bias, right=False, share=0.0, pair_share=0.0)
    picture = decode(store.get(delivered.image_key)).rgb()
    met = facts_met(read_outlines(picture), case.facts)
    pair_share = pair.read(picture, case.facts).share
    return Scored(delivered, case.bias, met.all_met, met.share, pair_share)


def success(arm: Sequence[Scored]) -> float:
    """The share of prompts whose delivered image is right."""
    return sum(item.right for item in arm) / len(arm)


def facts(arm: Sequence[Scored]) -> float:
    """The mean share of facts, by outlines."""
    return sum(item.share for item in arm) / len(arm)


def facts_by_pair(arm: Sequence[Scored]) -> float:
    """The mean share of facts, by the learned pair."""
    return sum(item.pair_share for item in arm) / len(arm)


def per_minute(arm: Sequence[Scored]) -> float:
    """Right images for a minute of drawing."""
    seconds = sum(item.delivered.gpu_s for item in arm)
    return 60 * sum(item.right for item in arm) / seconds if seconds else 0.0


def difference(first: Sequence[Scored], second: Sequence[Scored], figure: Figure) -> Interval:
    """By how much the first arm leads, with the interval over prompts."""
    rng = np.random.default_rng(_SEED)
    draws: list[float] = []
    for _ in range(_ROUNDS):
        chosen = rng.integers(0, len(first), len(first))
        draws.append(figure(_picked(first, chosen)) - figure(_picked(second, chosen)))
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(figure(first) - figure(second), float(low), float(high))


def _picked(arm: Sequence[Scored], chosen: NDArray[np.int64]) -> list[Scored]:
    return [arm[int(at)] for at in chosen]
