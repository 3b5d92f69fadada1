"""Grades: half-open bands on the unrounded composite, without S3's holes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from darkroom.core.scoring.grades import Band, check_bands, graded

BANDS = tuple(
    Band.model_validate({"grade": grade, "from": floor, "meaning": "x"})
    for grade, floor in (("A", 8.0), ("B", 6.5), ("C", 5.0), ("D", 3.0), ("F", 0.0))
)


@pytest.mark.parametrize(
    ("value", "grade"),
    [
        (10.0, "A"),
        (8.0, "A"),
        (7.999999, "B"),
        (7.95, "B"),
        (6.5, "B"),
        (6.45, "C"),
        (5.0, "C"),
        (4.95, "D"),
        (3.0, "D"),
        (2.95, "F"),
        (0.0, "F"),
    ],
)
def test_a_grade_begins_at_its_number_and_nothing_is_rounded(value: float, grade: str) -> None:
    assert graded(value, 1.0, BANDS, 0.75).grade == grade


@given(st.floats(0, 10))
def test_every_composite_has_exactly_one_grade(value: float) -> None:
    grade = graded(value, 1.0, BANDS, 0.75).grade
    inside = [
        band.grade
        for band, above in zip(BANDS, (11.0, *(band.from_ for band in BANDS)), strict=False)
        if band.from_ <= value < above
    ]
    assert inside == [grade]


@pytest.mark.parametrize(
    ("coverage", "is_provisional"), [(0.749, True), (0.30 + 0.25 + 0.20, False), (1.0, False)]
)
def test_below_three_quarters_of_the_weight_a_grade_is_provisional(
    coverage: float, is_provisional: bool
) -> None:
    assert graded(9.0, coverage, BANDS, 0.75).is_provisional is is_provisional


def test_nothing_measured_has_no_grade() -> None:
    assert graded(None, 0.0, BANDS, 0.75).grade is None


@pytest.mark.parametrize(
    ("bands", "said"),
    [
        ([("B", 5), ("A", 8), ("F", 0)], "go down"),
        ([("A", 8), ("B", 8), ("F", 0)], "go down"),
        ([("A", 8), ("F", 1)], "begin at 0"),
        ([("A", 8), ("A", 0)], "twice"),
    ],
)
def test_bands_with_holes_are_refused(bands: list[tuple[str, float]], said: str) -> None:
    made = [Band.model_validate({"grade": g, "from": f, "meaning": "x"}) for g, f in bands]
    with pytest.raises(ValueError, match=said):
        check_bands(made)


def test_a_grade_begins_within_the_scale() -> None:
    with pytest.raises(ValidationError):
        Band.model_validate({"grade": "A", "from": 11, "meaning": "x"})
