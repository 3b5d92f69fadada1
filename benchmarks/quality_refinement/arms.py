"""Ways to spend a budget on one prompt: the strategies, and plain reseeding.

Owns the arms of the comparison. Each draws with the shipped engine and picks its best image
by the learned pair's adherence; what that image is worth is told by the measuring judge,
which steers none of them.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.engine.drawing import Recipe, drawn
from darkroom.adapters.embeddings.shapeworld import adherence
from darkroom.adapters.scorers.specs import metric_table
from darkroom.adapters.vision.measuring import facts_met, measure
from darkroom.core.scoring.normalise import normalised
from darkroom.core.scoring.refinement import Attempt, Draw, RefinePlan, Tried, best_of, next_step
from darkroom.core.world.captions import plain_caption
from darkroom.core.world.facts import Facts
from darkroom.engine.diffusion import Checkpoint

PLAIN = Recipe()


@dataclass(frozen=True)
class Ended:
    """What one arm made of one prompt."""

    first: float
    """The steering score of its first image."""
    best: float
    right: bool
    """Whether the held-out judge finds every fact in the best image."""
    share: float
    """The share of facts it finds there."""
    images: int
    steps: int


@dataclass(frozen=True)
class Image:
    """One image with what steers."""

    pixels: NDArray[np.uint8]
    score: float
    steps: int


def steering(pixels: NDArray[np.uint8], caption: str) -> float:
    """The adherence score as Darkroom's lite tier gives it."""
    spec = metric_table().find("shapeworld_adherence", "lite")
    assert spec is not None
    return normalised(adherence(pixels, caption), spec.normalisation)


def by_strategy(model: Checkpoint, facts: Facts, plan: RefinePlan) -> Ended:
    """Follow a strategy until it succeeds or its attempts are spent."""
    caption = plain_caption(facts)
    history: list[Tried] = []
    images: list[Image] = []
    while isinstance(step := next_step(plan, history), Draw):
        image = _attempted(model, caption, step.attempt)
        images.append(image)
        history.append(Tried(step.attempt, image.score))
    best = best_of(history)
    assert best is not None
    return _ended(images, images[best.attempt.number - 1], facts)


def _attempted(model: Checkpoint, caption: str, attempt: Attempt) -> Image:
    recipe = replace(PLAIN, steps=attempt.steps or PLAIN.steps, cfg=attempt.cfg or PLAIN.cfg)
    pixels = drawn(model, caption + attempt.append, attempt.seed, recipe)
    # the words of a person are what counts, not those that were put behind them
    return Image(pixels, steering(pixels, caption), recipe.steps)


def by_reseeding(model: Checkpoint, facts: Facts, seed: int, images: int) -> Ended:
    """The best of so many images of the same prompt and settings from other noise."""
    caption = plain_caption(facts)
    drawn_so = (drawn(model, caption, seed + 7919 * number, PLAIN) for number in range(images))
    made = [Image(pixels, steering(pixels, caption), PLAIN.steps) for pixels in drawn_so]
    return _ended(made, max(made, key=lambda image: image.score), facts)


def _ended(images: list[Image], best: Image, facts: Facts) -> Ended:
    found = facts_met(measure(best.pixels), facts)
    return Ended(
        first=images[0].score,
        best=best.score,
        right=found.all_met,
        share=found.share,
        images=len(images),
        steps=sum(image.steps for image in images),
    )
