"""The search for better points, on functions whose best is known."""

import statistics
from collections.abc import Callable, Sequence
from itertools import permutations

import pytest

from darkroom.adapters.optimiser import SamplerName, propose
from darkroom.core.errors import UsageError
from darkroom.core.experiments.space import Choice, Point, Range, Space, Told, When

SPACE = Space(
    (
        Range("cfg", 1, 12, step=0.5),
        Range("steps", 4, 40, whole=True),
        Choice("sampler", ("euler", "heun", "dpmpp", "ddim")),
        Range("denoise", 0.1, 1.0),
    )
)
SMALL = Space((Choice("a", (1, 2, 3)), Choice("b", (True, 1))))


def quality(point: Point) -> float:
    """Best, with 10, at one planted point."""
    cfg, steps, denoise = (float(point[name]) for name in ("cfg", "steps", "denoise"))
    away = ((cfg - 6.5) / 4) ** 2 + ((steps - 24) / 14) ** 2 + 12 * (denoise - 0.55) ** 2
    return 10 - away - (0 if point["sampler"] == "dpmpp" else 1.5)


def best_of(sampler: SamplerName, seed: int, value: Callable[[Point], float] = quality) -> float:
    told: list[Told] = []
    while len(told) < 40:
        told += [Told(p, (value(p),)) for p in propose(SPACE, told, 4, seed, sampler)]
    return max(one.values[0] for one in told if one.values)


def test_the_model_finds_better_points_than_chance_at_the_same_budget() -> None:
    seeds = range(8)
    by_model = [best_of("tpe", seed) for seed in seeds]
    by_chance = [best_of("random", seed) for seed in seeds]
    assert statistics.mean(by_model) > statistics.mean(by_chance) + 0.25
    assert statistics.median(by_model) > max(by_chance[:4])


def known(count: int = 12) -> list[Told]:
    points = propose(SPACE, (), count, 1, "random")
    return [Told(point, (quality(point),)) for point in points]


def test_the_same_knowledge_gives_the_same_points_in_whatever_order_it_comes() -> None:
    told = known()
    expected = propose(SPACE, told, 3, 7, "tpe")
    assert propose(SPACE, told[::-1], 3, 7, "tpe") == expected
    shuffled = [Told(dict(reversed(one.point.items())), one.values) for one in told]
    assert propose(SPACE, shuffled, 3, 7, "tpe") == expected


def test_more_knowledge_or_another_seed_gives_other_points() -> None:
    told = known()
    expected = propose(SPACE, told, 3, 7, "tpe")
    assert propose(SPACE, told[1:], 3, 7, "tpe") != expected
    assert propose(SPACE, told, 3, 8, "tpe") != expected


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_small_space_is_tried_once_each_and_then_exhausted(sampler: SamplerName) -> None:
    told: list[Told] = []
    while points := propose(SMALL, told, 4, 0, sampler):
        told += [Told(point, (1.0,)) for point in points]
    assert sorted(repr(dict(one.point)) for one in told) == sorted(map(repr, SMALL.points()))


def test_a_point_under_way_is_not_proposed_again_and_no_batch_repeats_itself() -> None:
    space = Space((Range("a", 0, 1, step=0.25),))
    under_way = [Told({"a": 0.5}, None), Told({"a": 0.25}, (float("nan"),))]
    found = propose(space, under_way, 9, 0, "tpe")
    assert sorted(float(point["a"]) for point in found) == [0.0, 0.75, 1.0]


def test_only_what_is_allowed_is_proposed() -> None:
    told = known()
    found = propose(SPACE, told, 5, 0, "tpe", lambda point: float(point["cfg"]) < 2)
    assert len(found) == 5
    assert all(float(point["cfg"]) < 2 for point in found)


def test_a_rare_corner_is_found_by_chance_where_the_model_does_not_look() -> None:
    told = [Told(one.point, (float(one.point["cfg"]),)) for one in known(30)]
    space = Space((*SPACE.dimensions, Range("lr", 0.001, 1.0, log=True)))
    wide = [Told({**one.point, "lr": 0.5}, one.values) for one in told]
    found = propose(space, wide, 3, 0, "tpe", lambda point: float(point["lr"]) < 0.01)
    assert len(found) == 3


def test_nothing_allowed_is_an_end_and_not_an_endless_search() -> None:
    assert propose(SPACE, (), 2, 0, "random", lambda _: False) == ()
    assert propose(SMALL, (), 2, 0, "tpe", lambda _: False) == ()


def test_what_is_no_longer_of_the_space_is_passed_over() -> None:
    gone = [Told({**one.point, "sampler": "gone"}, one.values) for one in known()]
    assert propose(SPACE, gone, 2, 0, "tpe") == propose(SPACE, (), 2, 0, "tpe")


def test_a_dimension_is_chosen_only_where_it_counts() -> None:
    space = Space(
        (Choice("sampler", ("euler", "dpmpp")), Range("eta", 0.0, 1.0), Range("cfg", 1.0, 9.0)),
        conditions=(When("eta", "sampler", ("dpmpp",)),),
    )
    told: list[Told] = []
    while len(told) < 28:
        found = propose(space, told, 4, 0, "tpe")
        told += [Told(p, (float(p.get("eta", 0.0)) + float(p["cfg"]),)) for p in found]
    assert all(("eta" in one.point) == (one.point["sampler"] == "dpmpp") for one in told)
    late = [one.values[0] for one in told[-12:] if one.values]
    early = [one.values[0] for one in told[:12] if one.values]
    assert statistics.mean(late) > statistics.mean(early) + 1


def test_failed_points_are_avoided() -> None:
    """Everything with few steps fails: later proposals leave that side alone."""
    space = Space((Range("steps", 1, 100, whole=True), Range("cfg", 1.0, 9.0)))
    told: list[Told] = []
    while len(told) < 60:
        for point in propose(space, told, 4, 3, "tpe"):
            told.append(Told(point, None if int(point["steps"]) < 50 else (5.0,)))
    assert _failing(told[-24:]) < _failing(told[:24])


def _failing(told: Sequence[Told]) -> int:
    return sum(one.values is None for one in told)


def test_two_goals_are_weighed_against_each_other() -> None:
    """Quality rises with steps and so do seconds; the sampler `slow` only costs."""
    space = Space(
        (Range("steps", 1, 50, whole=True), Choice("sampler", ("slow", "fast", "dull"))),
        goals=("maximise", "minimise"),
    )

    def measured(point: Point) -> tuple[float, float]:
        steps = float(point["steps"])
        worth = steps if point["sampler"] != "dull" else 1.0
        return worth, steps * (10 if point["sampler"] == "slow" else 1)

    told: list[Told] = []
    while len(told) < 48:
        told += [Told(p, measured(p)) for p in propose(space, told, 4, 0, "tpe")]
    late = [one.point["sampler"] for one in told[-24:]]
    assert late.count("fast") > 12


def test_values_of_another_number_of_goals_count_as_unknown() -> None:
    space = Space(SMALL.dimensions, goals=("maximise", "minimise"))
    told = [Told(point, (1.0,)) for point in SMALL.points()]
    assert propose(space, told, 1, 0, "tpe") == ()


def test_the_gaussian_process_says_which_extra_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(UsageError, match="torch") as caught:
        propose(SPACE, (), 1, 0, "gp")
    assert caught.value.code == "optimiser-needs-torch"


def test_every_order_of_three_known_points_is_the_same_knowledge() -> None:
    told = known(3)
    assert len({repr(propose(SPACE, order, 2, 0, "tpe")) for order in permutations(told)}) == 1


def test_numbers_stay_on_the_logarithmic_scale() -> None:
    space = Space((Range("lr", 1, 10_000, log=True, whole=True),))
    found = propose(space, (), 60, 0, "random")
    below = sum(int(point["lr"]) < 100 for point in found)
    assert 15 <= below <= 45
