"""The sixty prompts of the benchmark: fixed before anything was measured with them.

Owns which scenes are asked for. Half hold one planted bias, half none; two, three and
four objects come equally often. The seed is used nowhere else: strategies were chosen
on other prompts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from darkroom.core.world.biases import BIASES
from darkroom.core.world.captions import plain_caption
from darkroom.core.world.facts import Facts
from training.scenes import biased_sample, draw_sample

SEED = 97_000
OBJECTS = (2, 3, 4)


@dataclass(frozen=True)
class Case:
    """One prompt: what it states and which planted bias it holds, if any."""

    number: int
    facts: Facts
    bias: str | None

    @property
    def name(self) -> str:
        """The name of its project."""
        return f"prompt-{self.number:02d}"

    @property
    def text(self) -> str:
        """The prompt itself."""
        return plain_caption(self.facts)


def cases(number: int = 60) -> list[Case]:
    """The first prompts, kinds taken in turn so that any number is a fair mixture."""
    found = enumerate(_scenes(), start=1)
    return [Case(at, facts, bias) for at, (facts, bias) in found][:number]


def _scenes() -> Iterator[tuple[Facts, str | None]]:
    rng = np.random.default_rng(SEED)
    for turn in range(10):
        for objects in OBJECTS:
            bias = BIASES[(turn + objects) % len(BIASES)]
            yield biased_sample(rng, objects, bias).facts, bias.name
            yield draw_sample(rng, objects, clean=True).facts, None
