"""Intervals and tests on shares, against scipy and against what they mean."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, hypergeom

from darkroom.core.significance import (
    Interval,
    Tally,
    binomial_tail,
    cut_off,
    fisher_greater,
    newcombe,
    wilson,
)


@st.composite
def tallies(draw: st.DrawFn, most: int = 400) -> Tally:
    count = draw(st.integers(1, most))
    return Tally(draw(st.integers(0, count)), count)


def test_of_nothing_everything_is_possible() -> None:
    assert wilson(Tally(0, 0)) == Interval(0.0, 1.0)
    assert Tally(0, 0).rate == 0.0


def test_the_interval_of_ten_of_ten_is_the_published_one() -> None:
    found = wilson(Tally(10, 10))
    assert found.low == pytest.approx(0.7225, abs=1e-4)
    assert found.high == 1.0


@settings(deadline=None)
@given(tallies())
def test_the_interval_holds_the_rate_and_stays_within_zero_and_one(tally: Tally) -> None:
    found = wilson(tally)
    assert 0.0 <= found.low <= tally.rate + 1e-12
    assert tally.rate - 1e-12 <= found.high <= 1.0


@settings(deadline=None)
@given(tallies(), st.floats(0.01, 0.99))
def test_the_binomial_tail_is_scipys(tally: Tally, rate: float) -> None:
    expected = float(binom.sf(tally.failures - 1, tally.count, rate))
    assert binomial_tail(tally, rate) == pytest.approx(expected, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(
    ("tally", "rate", "expected"),
    [
        (Tally(0, 10), 0.5, 1.0),
        (Tally(3, 10), 1.0, 1.0),
        (Tally(1, 10), 0.0, 0.0),
        (Tally(30_000, 30_000), 0.01, 0.0),
    ],
)
def test_the_tail_at_the_borders(tally: Tally, rate: float, expected: float) -> None:
    assert binomial_tail(tally, rate) == expected


@settings(deadline=None)
@given(tallies(60), tallies(60))
def test_fishers_test_is_the_hypergeometric_tail(first: Tally, second: Tally) -> None:
    failures, total = first.failures + second.failures, first.count + second.count
    expected = float(hypergeom.sf(first.failures - 1, total, failures, first.count))
    assert fisher_greater(first, second) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_the_cut_off_is_benjamini_and_hochbergs() -> None:
    p_values = [0.001, 0.008, 0.039, 0.041, 0.042]
    assert cut_off(p_values, 10, 0.05) == pytest.approx(0.01)
    assert cut_off(p_values, 5, 0.05) == pytest.approx(0.05)


def test_with_nothing_small_nothing_counts() -> None:
    assert cut_off([0.04, 0.05], 1000, 0.05) == 0.0
    assert cut_off([], 1000, 0.05) == 0.0


@settings(deadline=None)
@given(st.lists(st.floats(0, 0.05), max_size=50), st.integers(50, 500))
def test_p_values_above_the_share_need_not_be_told(small: list[float], tested: int) -> None:
    large = [0.2] * (tested - len(small))
    assert cut_off([*small, *large], tested, 0.05) == cut_off(small, tested, 0.05)


def test_no_tail_is_above_one() -> None:
    assert math.isclose(binomial_tail(Tally(1, 400), 0.9), 1.0)


def test_the_interval_of_a_difference_is_newcombes() -> None:
    # the worked example of his paper of 1998: 56 of 70 against 48 of 80
    found = newcombe(Tally(56, 70), Tally(48, 80))
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_the_interval_of_a_difference_turns_round_with_its_sides() -> None:
    one, other = Tally(5, 9), Tally(2, 31)
    there, back = newcombe(one, other), newcombe(other, one)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
