"""What is searched: functions whose best is known, and the embedded engine itself.

Owns the landscapes. Each says what may be chosen and what a point is worth; the engine's
draws an image only for a point that a search asks for, and only once.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.engine.drawing import clean_samples, drawn, with_recipe
from darkroom.adapters.vision.measuring import facts_met, measure
from darkroom.core.canonical import canonical_json
from darkroom.core.experiments.pareto import Outcome
from darkroom.core.experiments.space import Choice, Point, Range, Space
from darkroom.core.world.captions import plain_caption
from darkroom.engine.diffusion import load_checkpoint


@dataclass(frozen=True)
class Landscape:
    """A space, and what each point of it is worth."""

    name: str
    space: Space
    worth: Callable[[Point], Outcome]
    top: float
    """No point is worth more."""


_SETTINGS = Space(
    (
        Range("cfg", 1, 12, step=0.5),
        Range("steps", 4, 40, whole=True),
        Choice("sampler", ("euler", "heun", "dpmpp", "ddim")),
        Range("denoise", 0.1, 1.0),
    )
)


def _away(point: Point, name: str, best: float, width: float) -> float:
    return ((float(point[name]) - best) / width) ** 2


def _hill(point: Point) -> Outcome:
    away = _away(point, "cfg", 6.5, 4) + _away(point, "steps", 24, 14)
    away += _away(point, "denoise", 0.55, 0.29)
    quality = 10 - away - (0 if point["sampler"] == "dpmpp" else 1.5)
    return Outcome(quality, float(point["steps"]))


def _ridge(point: Point) -> Outcome:
    """Only steps times cfg counts: the settings lean on one another."""
    product = float(point["steps"]) * float(point["cfg"])
    quality = 10 - abs(product - 90) / 20 - _away(point, "denoise", 0.8, 0.4)
    return Outcome(quality, float(point["steps"]))


def planted() -> tuple[Landscape, ...]:
    """Functions whose best is known."""
    return (
        Landscape("one hill, four settings", _SETTINGS, _hill, 10.0),
        Landscape("a ridge across two settings", _SETTINGS, _ridge, 10.0),
    )


class Engine:
    """Cfg, steps, denoise and sampler of the small model with three objects, by measuring.

    The small model: with the good one almost any setting draws all that two objects state.
    """

    def __init__(self, prompts: int) -> None:
        self._model = load_checkpoint("shapeworld_small.onnx")
        self._facts = [sample.facts for sample in clean_samples(3, prompts)]
        self._known: dict[bytes, Outcome] = {}

    @property
    def drawn(self) -> int:
        """So many images were drawn so far."""
        return len(self._known) * len(self._facts)

    def landscape(self) -> Landscape:
        """As a search sees it."""
        space = Space(
            (
                Range("cfg", 1.0, 15.0, step=0.5),
                Range("steps", 1, 16, whole=True),
                Range("denoise", 0.4, 1.0, step=0.1),
                Choice("sampler", ("euler", "dpmpp_2m", "ddim")),
            )
        )
        return Landscape("the embedded engine", space, self._worth, 10.0)

    def _worth(self, point: Point) -> Outcome:
        key = canonical_json(point)
        if key not in self._known:
            self._known[key] = self._measured(point)
        return self._known[key]

    def _measured(self, point: Point) -> Outcome:
        recipe = with_recipe(**point)
        right, begun_s = 0.0, time.process_time()
        for number, facts in enumerate(self._facts):
            picture = drawn(self._model, plain_caption(facts), 1000 + number, recipe)
            checks = facts_met(measure(picture), facts).checks
            right += sum(check.met is True for check in checks) / len(checks)
        spent_s = time.process_time() - begun_s
        return Outcome(10 * right / len(self._facts), spent_s / len(self._facts))
