"""Raw values become values out of ten: by anchors, clamped, the way the direction says."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from darkroom.core.scoring.normalise import Direction, Normalisation, normalised, runs

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False, width=32)
OUT_OF_TEN = st.floats(0, 10, allow_nan=False)


def _how(*anchors: tuple[float, float]) -> Normalisation:
    return Normalisation(calibration="test-1", anchors=anchors)


@st.composite
def rising(draw: st.DrawFn) -> Normalisation:
    raws = sorted(draw(st.lists(NUMBERS, min_size=2, max_size=8, unique=True)))
    values = sorted(draw(st.lists(OUT_OF_TEN, min_size=len(raws), max_size=len(raws))))
    return _how(*zip(raws, values, strict=True))


@given(rising(), NUMBERS, NUMBERS)
def test_a_better_raw_value_is_never_worth_less(how: Normalisation, a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert normalised(low, how) <= normalised(high, how)


@given(rising(), NUMBERS)
def test_every_raw_value_becomes_one_from_0_to_10(how: Normalisation, raw: float) -> None:
    assert 0 <= normalised(raw, how) <= 10


@given(rising())
def test_each_anchor_leads_to_its_own_value(how: Normalisation) -> None:
    for raw, out_of_ten in how.anchors:
        assert normalised(raw, how) == pytest.approx(out_of_ten)


@given(rising())
def test_turning_the_anchors_round_turns_the_direction(how: Normalisation) -> None:
    turned = [(-raw, value) for raw, value in how.anchors[::-1]]
    assert runs(turned, "lower") == runs(how.anchors, "higher")


def test_between_two_anchors_the_line_is_straight() -> None:
    assert normalised(20, _how((5, 10), (35, 5), (80, 0))) == 7.5


@pytest.mark.parametrize(("raw", "worth"), [(-40.0, 10.0), (4.9, 10.0), (80.0, 0.0), (300.0, 0.0)])
def test_beyond_the_outermost_anchors_values_are_clamped(raw: float, worth: float) -> None:
    assert normalised(raw, _how((5, 10), (35, 5), (80, 0))) == worth


@pytest.mark.parametrize("raw", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_not_normalised(raw: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        normalised(raw, _how((0, 0), (1, 10)))


@pytest.mark.parametrize(
    ("values", "direction", "fits"),
    [
        ((0, 5, 10), "higher", True),
        ((0, 5, 10), "lower", False),
        ((10, 5, 0), "lower", True),
        ((0, 10, 0), "peak", True),
        ((0, 10, 0), "higher", False),
        ((10, 0, 10), "peak", False),
        ((0, 10, 10), "peak", False),
        ((5, 5, 5), "higher", False),
        ((0, 5, 5), "higher", True),
    ],
)
def test_anchors_run_as_their_direction_says(
    values: tuple[float, ...], direction: Direction, fits: bool
) -> None:
    assert runs(list(enumerate(values)), direction) is fits


@pytest.mark.parametrize(
    ("anchors", "complaint"),
    [
        (((1, 0), (0, 10)), "rising order"),
        (((0, 0), (0, 10)), "rising order"),
        (((0, 0), (1, 11)), "from 0 to 10"),
        (((0, 0), (math.inf, 10)), "finite"),
        (((0, 0),), "at least 2"),
    ],
)
def test_anchors_that_are_no_mapping_are_refused(
    anchors: tuple[tuple[float, float], ...], complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint):
        _how(*anchors)
