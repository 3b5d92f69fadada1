"""Differences between groups of images, and how sure they are."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.association import Contrast, Sums, contrast, false_discovery_rates

Run = list[tuple[bool, float]]
"""The images of one run: whether each has the value, and its outcome."""


def sums(runs: list[Run], *, whole: bool) -> Sums:
    """The sums that the query `outcomes` makes, straight from their definition."""
    count = sum(len(run) for run in runs)
    mean = math.fsum(y for run in runs for _, y in run) / count
    rows: list[tuple[float, float, float, float]] = []
    for run in runs:
        kept = [y - mean for has, y in run if has or whole]
        if kept:
            every = [y - mean for _, y in run]
            rows.append((len(kept), math.fsum(kept), len(every), math.fsum(every)))

    def total(one: int, other: int) -> float:
        return math.fsum(row[one] * row[other] for row in rows)

    n, s = (math.fsum(row[place] for row in rows) for place in (0, 1))
    pairs = [(0, 0), (0, 1), (1, 1), (0, 2), (0, 3), (1, 2), (1, 3)]
    return Sums(len(rows), n, s, *(total(*pair) for pair in pairs))


def plainly(runs: list[Run]) -> tuple[float, float]:
    """The difference and its cluster-robust error by the textbook, run by run."""
    here = [y for run in runs for has, y in run if has]
    there = [y for run in runs for has, y in run if not has]
    a, b = math.fsum(here) / len(here), math.fsum(there) / len(there)
    influence = [
        math.fsum(y - a for has, y in run if has) / len(here)
        - math.fsum(y - b for has, y in run if not has) / len(there)
        for run in runs
    ]
    squares = math.fsum(u * u for u in influence)
    return a - b, math.sqrt(squares * len(runs) / (len(runs) - 1))


IMAGE = st.tuples(st.booleans(), st.floats(-10, 10).map(lambda y: round(y, 3)))
RUNS = st.lists(st.lists(IMAGE, min_size=1, max_size=5), min_size=2, max_size=8)


@given(RUNS)
def test_the_sums_give_what_the_textbook_gives(runs: list[Run]) -> None:
    found = contrast(sums(runs, whole=False), sums(runs, whole=True))
    kinds = {has for run in runs for has, _ in run}
    if kinds != {True, False}:
        assert found is None
        return
    assert found is not None
    difference, error = plainly(runs)
    assert found.difference == pytest.approx(difference, abs=1e-9)
    assert found.standard_error == pytest.approx(error, abs=1e-6)


def test_one_run_alone_proves_nothing() -> None:
    runs: list[Run] = [[(True, 1.0), (False, 0.0)]]
    assert contrast(sums(runs, whole=False), sums(runs, whole=True)) is None


def test_images_of_one_run_count_as_one() -> None:
    chance = random.Random(1)
    once: list[Run] = [[(chance.random() < 0.5, chance.gauss(0, 1))] for _ in range(40)]
    often: list[Run] = [run * 25 for run in once]
    few = contrast(sums(once, whole=False), sums(once, whole=True))
    many = contrast(sums(often, whole=False), sums(often, whole=True))
    assert few is not None
    assert many is not None
    assert many.standard_error == pytest.approx(few.standard_error)


@pytest.mark.parametrize(
    ("difference", "error", "t"),
    [(2.0, 1.0, 2.0), (0.0, 0.0, 0.0), (1.0, 0.0, math.inf), (-1.0, 0.0, -math.inf)],
)
def test_t_also_where_nothing_varies(difference: float, error: float, t: float) -> None:
    assert Contrast(difference, error, 3).t == t


def test_false_discovery_rates_of_a_known_list() -> None:
    assert false_discovery_rates([0.01, 0.04, 0.03, 0.005]) == pytest.approx(
        [0.02, 0.04, 0.04, 0.02]
    )
    assert false_discovery_rates([]) == []


@given(st.lists(st.floats(0, 1), max_size=20))
def test_rates_keep_the_order_and_are_never_below_the_p(values: list[float]) -> None:
    rates = false_discovery_rates(values)
    assert all(p - 1e-12 <= q <= 1.0 for p, q in zip(values, rates, strict=True))
    by_p = sorted(zip(values, rates, strict=True))
    assert [q for _, q in by_p] == sorted(q for _, q in by_p)
