"""The front of quality against seconds."""

from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.core.experiments.pareto import Outcome, front, hypervolume, is_beaten

_POINTS = st.lists(
    st.builds(Outcome, st.integers(0, 9).map(float), st.integers(1, 9).map(float)), max_size=12
)


@settings(deadline=None)
@given(_POINTS)
def test_the_front_is_what_no_other_point_beats(points: list[Outcome]) -> None:
    expected = {
        place
        for place, point in enumerate(points)
        if not any(is_beaten(point, other) for other in points)
    }
    assert set(front(points)) == expected


@settings(deadline=None)
@given(_POINTS)
def test_the_hypervolume_counts_the_unit_squares_that_a_point_beats(points: list[Outcome]) -> None:
    squares = sum(
        any(p.quality >= q + 1 and p.seconds <= s for p in points)
        for q in range(9)
        for s in range(1, 9)
    )
    assert hypervolume(points, Outcome(0.0, 9.0)) == squares


def test_the_front_begins_with_the_cheapest() -> None:
    points = [Outcome(9, 5), Outcome(3, 1), Outcome(2, 2), Outcome(9, 5)]
    assert front(points) == (1, 0, 3)


def test_points_beyond_the_worst_cover_nothing() -> None:
    assert hypervolume([Outcome(1, 9), Outcome(5, 20)], Outcome(2.0, 10.0)) == 0.0
    assert hypervolume([], Outcome(2.0, 10.0)) == 0.0
