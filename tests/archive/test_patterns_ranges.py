"""Numbers with many values: where their ranges begin and end."""

import numpy as np
import pytest

from darkroom.archive.patterns.counting import count
from darkroom.archive.patterns.ranges import in_ranges
from darkroom.archive.patterns.table import Axis, Floats, Mask, Table
from darkroom.core.patterns import Limits

NUMBERS = np.linspace(1, 14, 2_000)


def failing(numbers: Floats, low: float, high: float, rate: float = 0.9) -> Mask:
    """Every tenth number fails, and those of one stretch at this rate."""
    chance = np.random.default_rng(5).random(numbers.size)
    return chance < np.where((numbers >= low) & (numbers <= high), rate, 0.1)


def axis_for(numbers: Floats, failed: Mask) -> Axis:
    axis = in_ranges("cfg", numbers, failed, 10)
    assert axis is not None
    return axis


def test_numbers_stand_for_themselves_while_they_are_few() -> None:
    numbers = np.array([20.0, 30.0, 20.0, np.nan, 7.5])
    axis = in_ranges("steps", numbers, np.array([True, False, True, True, False]), 1)
    assert axis is not None
    assert axis.values == ("7.5", "20", "30")
    assert axis.codes.tolist() == [2, 3, 2, 0, 1]


@pytest.mark.parametrize("failed", [np.zeros(100, bool), np.ones(100, bool), np.arange(100) == 7])
def test_many_different_numbers_become_ranges_that_hold_each_of_them_once(failed: Mask) -> None:
    axis = axis_for(np.arange(100, dtype=float), failed)
    assert axis.values[0].startswith("0 to below ")
    assert axis.values[-1].endswith("to 99")
    assert axis.looked_at == 1
    assert np.bincount(axis.codes)[1:].min() >= 10


@pytest.mark.parametrize(
    ("low", "high"), [(12.8, 14.0), (1.0, 2.0), (6.0, 6.9), (10.0, 14.0), (4.0, 9.0)]
)
def test_a_stretch_that_fails_is_one_range_wherever_it_lies(low: float, high: float) -> None:
    axis = axis_for(NUMBERS, failing(NUMBERS, low, high))
    meant = (low <= NUMBERS) & (high >= NUMBERS)
    alike = [
        np.count_nonzero(meant & (axis.codes == code))
        / np.count_nonzero(meant | (axis.codes == code))
        for code in range(1, axis.size)
    ]
    assert max(alike) > 0.75
    assert axis.looked_at > 1


def test_two_stretches_of_one_axis_are_two_ranges() -> None:
    failed = failing(NUMBERS, 1, 2) | failing(NUMBERS, 12.8, 14)
    axis = axis_for(NUMBERS, failed)
    rates = np.bincount(axis.codes, failed) / np.maximum(np.bincount(axis.codes), 1)
    assert (rates[1:] > 0.7).nonzero()[0].tolist() == [0, axis.size - 2]


def test_where_failures_rise_twice_the_worst_part_is_a_range_of_its_own() -> None:
    numbers = np.linspace(0, 1, 6_000)
    failed = failing(numbers, 0.5, 1, rate=0.5) | failing(numbers, 0.9, 1, rate=0.95)
    axis = axis_for(numbers, failed)
    worst = numbers[axis.codes == axis.size - 1]
    assert worst.min() == pytest.approx(0.9, abs=0.03)


def test_no_sliver_is_left_beside_a_stretch_that_was_cut_out() -> None:
    steps = np.repeat(np.arange(8.0, 61.0), 60)
    axis = axis_for(steps, failing(steps, 8, 14))
    assert axis.values[0] in ("8 to below 14", "8 to below 15", "8 to below 16")
    assert np.bincount(axis.codes)[1:].min() >= steps.size / 12


def test_cells_of_an_axis_that_was_cut_count_as_often_as_it_might_have_been_cut() -> None:
    failed = failing(NUMBERS, 12.8, 14)
    axis = axis_for(NUMBERS, failed)
    runs, words = np.arange(NUMBERS.size) // 20, np.zeros((NUMBERS.size, 0), bool)
    keys, categories = range(NUMBERS.size), [None] * NUMBERS.size
    table = Table([str(key) for key in keys], failed, runs, (axis,), (), words, categories)
    assert count(table, Limits()).tested == axis.looked_at * len(axis.values)
