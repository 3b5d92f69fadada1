"""Draw fixed prompts with the shipped engine and count what came out right.

Owns the prompt sets of the engine's benchmark. Their seeds are used nowhere
else; the best cfg was chosen on `training.evaluate`'s prompts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from darkroom.adapters.vision.measuring import Measured, facts_met, measure
from darkroom.core.world.captions import plain_caption
from darkroom.core.world.facts import Facts
from darkroom.engine.diffusion import Checkpoint, SampleRequest
from training.scenes import Sample, draw_sample

PROMPT_SEED = 90_000
BEST_CFG = 2.0
_Z = 1.96  # of a 95 % interval


@dataclass(frozen=True)
class Recipe:
    """Everything about a drawing but its prompt and seed."""

    steps: int = 16
    cfg: float = BEST_CFG
    sampler: str = "dpmpp_2m"
    scheduler: str = "karras"
    denoise: float = 1.0
    negative: str = ""


@dataclass(frozen=True)
class Share:
    """Successes out of trials."""

    right: int
    of: int

    @property
    def value(self) -> float:
        """The share itself."""
        return self.right / self.of

    def __str__(self) -> str:
        """The share with its 95 % Wilson interval."""
        centre = (self.value + _Z**2 / (2 * self.of)) / (1 + _Z**2 / self.of)
        spread = self.value * (1 - self.value) / self.of + _Z**2 / (4 * self.of**2)
        half = _Z * spread**0.5 / (1 + _Z**2 / self.of)
        return f"{self.value:.3f} [{max(0, centre - half):.3f}, {min(1, centre + half):.3f}]"


def share_of(truths: Sequence[bool]) -> Share:
    """Count."""
    return Share(sum(truths), len(truths))


def clean_samples(objects: int, number: int) -> list[Sample]:
    """Fixed scenes without planted combinations."""
    rng = np.random.default_rng(PROMPT_SEED + objects)
    return [draw_sample(rng, objects, clean=True) for _ in range(number)]


def drawn(
    model: Checkpoint,
    text: str,
    seed: int,
    recipe: Recipe,
    start: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """One picture, from nothing or from a start picture."""
    latent = model.empty_latent(1)
    if start is not None:
        latent = model.encode_image(start[None].astype(np.float32) / 255)
    request = SampleRequest(
        positive=model.encode_text(text),
        negative=model.encode_text(recipe.negative),
        latent=latent,
        seed=seed,
        steps=recipe.steps,
        cfg=recipe.cfg,
        sampler=recipe.sampler,
        scheduler=recipe.scheduler,
        denoise=recipe.denoise,
    )
    return np.asarray(model.decode(model.sample(request))[0] * 255 + 0.5).astype(np.uint8)


def seen(model: Checkpoint, text: str, seed: int, recipe: Recipe) -> Measured:
    """What the judge measures in one drawing."""
    return measure(drawn(model, text, seed, recipe))


def obeyed(model: Checkpoint, facts: Sequence[Facts], recipe: Recipe) -> Share:
    """How many drawings show every stated fact."""
    return share_of(
        [
            facts_met(seen(model, plain_caption(item), 1000 + at, recipe), item).all_met
            for at, item in enumerate(facts)
        ]
    )


def with_recipe(**changes: float | str) -> Recipe:
    """The usual recipe with some settings changed."""
    return replace(Recipe(), **changes)
