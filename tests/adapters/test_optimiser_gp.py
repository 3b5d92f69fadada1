"""The Gaussian process of the optimiser, where torch is installed."""

import pytest

pytest.importorskip("torch")

from darkroom.adapters.optimiser import propose
from darkroom.core.experiments.space import Choice, Range, Space, Told

pytestmark = pytest.mark.models
SPACE = Space((Range("cfg", 1.0, 12.0), Choice("sampler", ("euler", "heun"))))


def test_the_gaussian_process_closes_in_on_the_best_and_repeats_itself() -> None:
    told: list[Told] = []
    while len(told) < 16:
        for point in propose(SPACE, told, 2, 0, "gp"):
            worth = -abs(float(point["cfg"]) - 6.5) - (point["sampler"] == "euler")
            told.append(Told(point, (worth,)))
    assert max(one.values[0] for one in told if one.values) > -0.3
    assert propose(SPACE, told, 1, 0, "gp") == propose(SPACE, told[::-1], 1, 0, "gp")


def test_the_gaussian_process_weighs_two_goals() -> None:
    space = Space(SPACE.dimensions, goals=("maximise", "minimise"))
    chance = propose(space, (), 12, 0, "random")
    told = [Told(point, (float(point["cfg"]), float(point["cfg"]) ** 2)) for point in chance]
    (found,) = propose(space, [*told, Told({"cfg": 5.0, "sampler": "heun"}, None)], 1, 0, "gp")
    assert space.settled(found) == found
