"""Weights from ratings: exact, never negative, and honest about what they are worth."""

import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from darkroom.core.errors import UsageError
from darkroom.core.scoring.composite import Weights
from darkroom.core.scoring.fitting import (
    Fit,
    FitRequest,
    Pair,
    correlation,
    fit,
    non_negative,
    spearman,
)
from darkroom.core.sidecar.judging import DIMENSIONS, Dimension

S3 = Weights(id="s3", technical=0.30, aesthetic=0.25, prompt_adherence=0.25, detail=0.20)
ROWS = st.lists(
    st.lists(st.floats(0, 10), min_size=2, max_size=2), min_size=6, max_size=12, unique_by=tuple
)


def rated(
    count: int, shares: dict[Dimension, float], spread: float = 0.0, absent: tuple[str, ...] = ()
) -> list[Pair]:
    chance = random.Random(11)
    pairs: list[Pair] = []
    for number in range(count):
        values = {name: chance.uniform(0, 10) for name in DIMENSIONS}
        rating = 10.0 * (min(shares.values()) < 0) + sum(w * values[n] for n, w in shares.items())
        rating = min(10.0, max(0.0, rating + chance.gauss(0, spread)))
        seen = {name: None if name in absent else values[name] for name in DIMENSIONS}
        pairs.append(Pair(f"{number}.png", seen, rating))
    return pairs


def fitted(pairs: list[Pair], **changes: object) -> Fit:
    told = {"before": S3, "min_pairs": 30, "good_pairs": 100} | changes
    return fit(FitRequest(pairs, **told), "mine")


def test_weights_that_made_the_ratings_are_found_again() -> None:
    true = {"technical": 0.1, "aesthetic": 0.6, "prompt_adherence": 0.3, "detail": 0.0}
    found = fitted(rated(60, true))
    for name, share in true.items():
        assert found.weights.of(name) == pytest.approx(share, abs=1e-6)
    assert found.weights.id == "mine"
    assert found.within
    assert found.within.value == pytest.approx(1.0)


def test_what_a_person_dislikes_gets_no_weight_and_never_a_negative_one() -> None:
    found = fitted(rated(200, {"technical": 1.0, "detail": -0.3}, spread=0.5))
    assert found.weights.detail == 0.0
    assert min(found.weights.of(name) for name in DIMENSIONS) >= 0


def test_a_dimension_nobody_measured_keeps_its_share() -> None:
    true = {"technical": 0.5, "detail": 0.5}
    found = fitted(rated(80, true, absent=("aesthetic",)))
    assert found.weights.aesthetic == 0.25
    assert "aesthetic" not in found.dimensions
    assert found.weights.technical == pytest.approx(0.375, abs=0.01)


def test_the_held_out_correlation_is_below_the_flattering_one() -> None:
    found = fitted(rated(40, {"technical": 0.5, "aesthetic": 0.5}, spread=4))
    assert found.held_out
    assert found.within
    assert found.held_out.value < found.within.value


def test_with_few_ratings_the_fit_is_called_weak() -> None:
    true: dict[Dimension, float] = {"technical": 1.0}
    assert fitted(rated(40, true)).is_weak
    assert not fitted(rated(120, true)).is_weak


@pytest.mark.parametrize("absent", [(), DIMENSIONS])
def test_too_few_pairs_are_refused(absent: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        fitted(rated(29, {"technical": 1.0}, absent=absent))
    assert caught.value.code == "fit-too-few"
    assert "30 are needed" in caught.value.message


def test_too_few_images_with_all_dimensions_are_refused() -> None:
    lacking = rated(30, {"technical": 1.0}, absent=("detail", "aesthetic", "prompt_adherence"))
    others = rated(30, {"technical": 1.0}, absent=("technical",))
    with pytest.raises(UsageError, match="0 rated images have scores"):
        fitted([*lacking, *others])


def test_ratings_that_nothing_explains_fit_nothing() -> None:
    dislikes: dict[Dimension, float] = {"technical": -1.0, "aesthetic": -1.0, "detail": -1.0}
    pairs = rated(60, dislikes, absent=("prompt_adherence",))
    with pytest.raises(UsageError) as caught:
        fitted(pairs)
    assert caught.value.code == "fit-explains-nothing"


def test_the_interval_comes_from_the_resamples() -> None:
    chance = random.Random(2)
    draws = [[chance.randrange(60) for _ in range(60)] for _ in range(200)]
    true: dict[Dimension, float] = {"technical": 0.5, "detail": 0.5}
    found = fitted(rated(60, true, spread=3), draws=draws)
    assert found.before
    assert found.before.low < found.before.value < found.before.high
    assert -1 <= found.before.low <= found.before.high <= 1


def test_columns_that_say_the_same_are_not_both_used() -> None:
    rows = [[float(n), float(n)] for n in range(10)]
    assert sorted(non_negative(rows, [2.0 * n for n in range(10)])) == pytest.approx([0.0, 2.0])


@limits(max_examples=40)
@given(ROWS, st.data())
def test_no_other_non_negative_slopes_fit_better(
    rows: list[list[float]], data: st.DataObject
) -> None:
    targets = data.draw(st.lists(st.floats(0, 10), min_size=len(rows), max_size=len(rows)))
    best = _rest(rows, targets, non_negative(rows, targets))
    steps = [0.0, 0.01, 0.1, 0.3, 0.7, 1.0, 3.0]
    assert all(best <= _rest(rows, targets, list(each)) + 1e-6 for each in product(steps, steps))


def _rest(rows: list[list[float]], targets: list[float], slopes: list[float]) -> float:
    left = [
        t - sum(s * v for s, v in zip(slopes, row, strict=True))
        for row, t in zip(rows, targets, strict=True)
    ]
    mean = sum(left) / len(left)
    return sum((value - mean) ** 2 for value in left)


@pytest.mark.parametrize(
    ("first", "second", "value"),
    [
        ([1, 2, 3], [10, 20, 30], 1.0),
        ([1, 2, 3], [30, 20, 10], -1.0),
        ([1, 2, 3, 4], [1, 3, 2, 4], 0.8),
        ([1, 1, 2], [1, 1, 2], 1.0),
    ],
)
def test_the_rank_correlation_is_spearmans(
    first: list[float], second: list[float], value: float
) -> None:
    assert spearman(first, second) == pytest.approx(value)


def test_where_all_are_alike_there_is_no_correlation() -> None:
    assert correlation([1, 1, 1], [1, 2, 3]) is None
    found = correlation([1, 2, 3], [1, 2, 3], [[0, 0, 0], [0, 1, 2]])
    assert found
    assert (found.low, found.high) == (1.0, 1.0)
