"""The samplers: ways of walking down the noise levels.

Owns the update rules, in the form of Karras et al. where a latent is picture
plus sigma times noise. "ddim" without added noise is then the same walk as
"euler", as it is in ComfyUI. Chance comes only from the generator passed in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Latent = NDArray[np.floating[Any]]
Denoise = Callable[[Latent, float], Latent]
"""Estimates the clean picture from a latent at one noise level."""

OnStep = Callable[[int, int, Latent], None]


@dataclass
class Walk:
    """What a sampler needs for one step: where it is and what it saw before."""

    denoise: Denoise
    rng: Generator
    previous: tuple[float, Latent] | None = None  # level and estimate one step earlier


Step = Callable[[Walk, Latent, Latent, float, float], Latent]


def _euler(walk: Walk, x: Latent, clean: Latent, now: float, then: float) -> Latent:
    return clean + (x - clean) * np.float32(then / now)


def _euler_ancestral(walk: Walk, x: Latent, clean: Latent, now: float, then: float) -> Latent:
    fresh = min(then, (then**2 * (now**2 - then**2) / now**2) ** 0.5)
    down = (then**2 - fresh**2) ** 0.5
    x = _euler(walk, x, clean, now, down)
    if then == 0:
        return x
    return x + walk.rng.standard_normal(x.shape, np.float32) * np.float32(fresh)


def _heun(walk: Walk, x: Latent, clean: Latent, now: float, then: float) -> Latent:
    ahead = _euler(walk, x, clean, now, then)
    if then == 0:
        return ahead
    slope = (x - clean) / np.float32(now)
    slope_ahead = (ahead - walk.denoise(ahead, then)) / np.float32(then)
    return x + (slope + slope_ahead) * np.float32((then - now) / 2)


def _dpmpp_2m(walk: Walk, x: Latent, clean: Latent, now: float, then: float) -> Latent:
    """Second order from the last two estimates."""
    if then == 0:
        return clean
    step = np.log(now / then)
    target = clean
    if walk.previous is not None:
        level, earlier = walk.previous
        ratio = np.log(level / now) / step
        target = clean + (clean - earlier) * np.float32(1 / (2 * ratio))
    return x * np.float32(then / now) - target * np.float32(np.expm1(-step))


STEPS: dict[str, Step] = {
    "euler": _euler,
    "euler_ancestral": _euler_ancestral,
    "heun": _heun,
    "dpmpp_2m": _dpmpp_2m,
    "ddim": _euler,
}
SAMPLERS = tuple(STEPS)


def walk_down(
    name: str, x: Latent, levels: NDArray[np.float64], walk: Walk, on_step: OnStep | None
) -> Latent:
    """Follow the levels to their end; `on_step` hears steps done, steps in all, estimate."""
    step, total = STEPS[name], len(levels) - 1
    for at in range(total):
        now, then = float(levels[at]), float(levels[at + 1])
        clean = walk.denoise(x, now)
        x = step(walk, x, clean, now, then).astype(np.float32)
        walk.previous = (now, clean)
        if on_step is not None:
            on_step(at + 1, total, clean)
    return x
