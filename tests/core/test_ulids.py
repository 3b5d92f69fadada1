"""Time-ordered names."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.errors import UsageError
from darkroom.core.keys import is_key
from darkroom.core.ulids import is_ulid, milliseconds, ulid, ulid_after, ulid_ms

MOMENTS = st.integers(0, 2**48 - 1)
CHANCES = st.integers(0, 2**80 - 1)


@given(MOMENTS, CHANCES)
def test_a_name_has_the_form_and_gives_its_moment_back(at_ms: int, chance: int) -> None:
    name = ulid(at_ms, chance)
    assert is_ulid(name)
    assert is_key(f"human/{name}.json")
    assert ulid_ms(name) == at_ms


@given(st.tuples(MOMENTS, CHANCES), st.tuples(MOMENTS, CHANCES))
def test_names_sort_as_their_moments_and_then_their_chance(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    assert (ulid(*one) < ulid(*other)) == (one < other)


@given(MOMENTS, CHANCES, st.integers(0, 2**48 - 2), CHANCES)
def test_a_name_after_another_is_later_whatever_the_clock_says(
    at_ms: int, chance: int, floor_ms: int, floor_chance: int
) -> None:
    floor = ulid(floor_ms, floor_chance)
    assert ulid_after(floor, at_ms, chance) > floor


def test_without_a_floor_the_clock_decides() -> None:
    assert ulid_after(None, 1, 2) == ulid(1, 2)


def test_a_known_name() -> None:
    assert ulid(1469918176385, 0) == "01aryz6s410000000000000000"


@pytest.mark.parametrize("at_ms", [-1, 2**48])
def test_a_moment_that_no_name_can_say_is_refused(at_ms: int) -> None:
    with pytest.raises(UsageError, match="outside"):
        ulid(at_ms, 0)


def test_nothing_is_later_than_the_last_name() -> None:
    with pytest.raises(UsageError, match="no name is later"):
        ulid_after("7" + "z" * 25, 0, 0)


@pytest.mark.parametrize("text", ["", "8" + "0" * 25, "0" * 25, "0" * 25 + "I", "0" * 25 + "\n"])
def test_other_text_is_no_name(text: str) -> None:
    assert not is_ulid(text)


def test_milliseconds_are_whole() -> None:
    assert milliseconds(datetime(1970, 1, 1, 0, 0, 1, 1999, tzinfo=UTC)) == 1001
