"""The search space of an adaptive experiment."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.core.experiments.space import Choice, Range, Space, When, mistakes_of

SPACE = Space(
    (
        Range("cfg", 1.0, 8.0, step=0.5),
        Range("steps", 4, 20, whole=True),
        Choice("sampler", ("euler", "dpmpp")),
        Range("eta", 0.0, 1.0),
    ),
    conditions=(When("eta", "sampler", ("dpmpp",)),),
)


@pytest.mark.parametrize(
    ("told", "drawn", "settled"),
    [
        (Range("a", 0.1, 1.0, step=0.1), 0.7000001, 0.7),
        (Range("a", 0.1, 0.95, step=0.3), 0.95, 0.7),
        (Range("a", 1, 9, whole=True), 3.4, 3),
        (Range("a", 1, 1000, log=True), 12.34567, 12.35),
        (Range("a", 0.0, 1.0), 0.1234567, 0.123),
        (Range("a", 0.0, 1.0), 0.0, 0.0),
        (Range("a", 0.12345, 1.0), 0.12346, 0.1235),
        (Range("a", 5.0, 5.0), 5.0, 5.0),
        (Range("a", 0.12345, 0.123456), 0.123451, 0.123451),
        (Range("a", -2.0, 2.0), -1.23456, -1.235),
        (Range("a", 8, 64, step=8, whole=True), 43.0, 40),
    ],
)
def test_a_drawn_number_becomes_one_a_person_would_write(
    told: Range, drawn: float, settled: float
) -> None:
    found = told.settle(drawn)
    assert found == settled
    assert isinstance(found, int) == told.whole


@settings(deadline=None)
@given(st.floats(0.5, 30.0), st.booleans())
def test_settling_twice_changes_nothing_and_stays_inside(drawn: float, whole: bool) -> None:
    told = Range("a", 1, 20, whole=whole)
    once = told.settle(drawn)
    assert told.settle(once) == once
    assert 1 <= once <= 20


def test_the_values_of_a_step_end_where_the_step_ends() -> None:
    assert Range("a", 0.1, 0.5, step=0.1).values == (0.1, 0.2, 0.3, 0.4, 0.5)
    assert Range("a", 1, 6, step=2, whole=True).values == (1, 3, 5)
    assert Range("a", 1.0, 2.0).values is None


@pytest.mark.parametrize(
    ("values", "ordered"),
    [
        ((1, 2, 3), True),
        ((1, 2.5, 4), True),
        ((3, 2, 1), False),
        ((1, 2), False),
        ((False, True, 2), False),
        (("1", "2", "3"), False),
    ],
)
def test_rising_numbers_are_neighbours(values: tuple[int, ...], ordered: bool) -> None:
    assert Choice("a", values).is_ordered is ordered


def test_true_is_not_one() -> None:
    assert Choice("a", (1, True)).place_of(True) == 1
    assert Choice("a", (1,)).place_of(True) is None


def test_what_does_not_apply_is_left_out() -> None:
    point = {"eta": 0.5, "sampler": "euler", "steps": 8, "cfg": 2}
    settled = SPACE.settled(point)
    assert settled == {"cfg": 2.0, "steps": 8, "sampler": "euler"}
    assert list(settled) == ["cfg", "steps", "sampler"]
    assert SPACE.settled(point | {"sampler": "dpmpp"}) == point | {"sampler": "dpmpp"}


@pytest.mark.parametrize(
    "changed", [{"cfg": 9.0}, {"cfg": True}, {"cfg": "2"}, {"sampler": "heun"}, {"sampler": None}]
)
def test_what_is_not_of_the_space_is_refused(changed: dict[str, object]) -> None:
    point = {"cfg": 2.0, "steps": 8, "sampler": "euler"} | changed
    assert SPACE.settled({k: v for k, v in point.items() if v is not None}) is None  # pyright: ignore[reportArgumentType]


def test_a_space_counts_its_combinations_once() -> None:
    space = Space(
        (Choice("a", ("x", "y")), Choice("b", (1, 2, 3))), conditions=(When("b", "a", ("y",)),)
    )
    assert space.size() == 6
    assert list(space.points()) == [{"a": "x"}] + [{"a": "y", "b": b} for b in (1, 2, 3)]
    assert SPACE.size() is None


def test_a_space_too_large_to_list_is_counted_all_the_same() -> None:
    assert Space((Range("seed", 0, 10**15, whole=True),)).size() == 10**15 + 1


def test_a_sound_space_has_no_mistakes() -> None:
    assert mistakes_of(SPACE) == ()


@pytest.mark.parametrize(
    ("space", "said"),
    [
        (Space((Choice("a", ()),)), "nothing to choose"),
        (Space((Range("a", 2, 1),)), "low 2 is above high 1"),
        (Space((Range("a", 0, 1, step=0),)), "above 0"),
        (Space((Range("a", 0, 1, log=True),)), "low must be above 0"),
        (Space((Range("a", 1, 9, step=1, log=True),)), "exclude"),
        (Space((Range("a", 1.5, 9, whole=True),)), "whole numbers"),
        (Space((Range("a", 1, float("inf")),)), "finite"),
        (Space((Choice("a", (1,)), Choice("a", (1,)))), "declared twice"),
        (Space((Choice("a", (1,)),), conditions=(When("a", "b", (1,)),)), "declared before"),
        (Space((Choice("a", (1,)),), conditions=(When("c", "a", (1,)),)), "is not declared"),
    ],
)
def test_each_mistake_of_a_space_is_said(space: Space, said: str) -> None:
    found = mistakes_of(space)
    assert len(found) == 1
    assert said in found[0]
