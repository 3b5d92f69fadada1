"""Filters: how they may be written, and what they come to."""

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.errors import UsageError
from darkroom.core.selection import FILTERS
from darkroom.core.selection_reading import MAX_SEED, beyond_scale, parameters_of

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
USUAL = {"tests": False, "archived": False, "deleted": False}
INF = math.inf


def read(**asked: Any) -> dict[str, Any]:
    found = parameters_of(asked, NOW)
    return {name: value for name, value in found.items() if name not in USUAL}


def test_tests_archived_and_deleted_are_left_out_unless_asked_for() -> None:
    assert parameters_of({}, NOW) == USUAL
    assert parameters_of({"tests": "include", "deleted": "only"}, NOW) == {
        "archived": False,
        "deleted": True,
    }


@pytest.mark.parametrize(
    ("asked", "parameters"),
    [
        ({"prompt": "sunset"}, {"prompt": "sunset"}),
        ({"prompt": None}, {}),
        ({"project": "demo"}, {"projects": ["demo"]}),
        ({"grade": ["A", "B"]}, {"grades": ["A", "B"]}),
        ({"run": ("a", "b")}, {"runs": ["a", "b"]}),
        ({"seed": "10000..20000"}, {"seed_from": 10_000, "seed_to": 20_000}),
        ({"seed": (10_000, None)}, {"seed_from": 10_000, "seed_to": MAX_SEED}),
        ({"seed": 7}, {"seed_from": 7, "seed_to": 7}),
        ({"seed": str(MAX_SEED)}, {"seed_from": MAX_SEED, "seed_to": MAX_SEED}),
        ({"steps": "..30"}, {"steps_from": 0, "steps_to": 30}),
        ({"cfg": "5..7.5"}, {"cfg_from": 5.0, "cfg_to": 7.5}),
        ({"cfg": "-1.."}, {"cfg_from": -1.0, "cfg_to": INF}),
        ({"denoise": [0.4, 0.6]}, {"denoise_from": 0.4, "denoise_to": 0.6}),
        ({"min_score": 0.8}, {"score_from": 0.8, "score_to": INF}),
        ({"min_score": "0.8"}, {"score_from": 0.8, "score_to": INF}),
        ({"liked": True}, {"liked": True}),
        ({"accepted": False}, {"accepted": False}),
        ({"variation": "place=the beach"}, {"axis": "place", "axis_value": "the beach"}),
        ({"extra": "lens=50=mm"}, {"extra_keys": ["/lens"], "extra_value": "50=mm"}),
        ({"extra": "a.b/c~d"}, {"extra_keys": ["/a/b~1c~0d", "/a.b~1c~0d"]}),
        ({"extra": "a="}, {"extra_keys": ["/a"], "extra_value": ""}),
        ({"metric": "niqe=5.."}, {"metric": "niqe", "metric_from": 5.0, "metric_to": INF}),
        ({"metric": "niqe"}, {"metric": "niqe", "metric_from": -INF, "metric_to": INF}),
        ({"since": "2026-01-31"}, {"since": datetime(2026, 1, 31)}),  # noqa: DTZ001 - as kept
        ({"since": "7d"}, {"since": datetime(2026, 11, 14, 12, 30)}),  # noqa: DTZ001 - as kept
        (
            {"until": "2026-01-31T01:00+02:00"},
            {"until": datetime(2026, 1, 30, 23)},  # noqa: DTZ001 - as kept
        ),
        (
            {"until": datetime(2026, 1, 31, 1, tzinfo=timezone(timedelta(hours=2)))},
            {"until": datetime(2026, 1, 30, 23)},  # noqa: DTZ001 - as kept
        ),
    ],
)
def test_a_filter_comes_to_its_parameters(
    asked: dict[str, Any], parameters: dict[str, Any]
) -> None:
    assert read(**asked) == parameters


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"promt": "x"}, "no such filter .did you mean prompt"),
        ({"qqqq": "x"}, "no such filter"),
        ({"seed": "many"}, "'many' is no number"),
        ({"seed": "7..5"}, "7 is more than 5"),
        ({"seed": "1.5"}, "no whole number"),
        ({"cfg": "nan"}, "out of range"),
        ({"seed": "1e99"}, "out of range"),
        ({"grade": "E"}, "'E' is none of A, B, C, D, F"),
        ({"status": "good"}, "none of ok, ko"),
        ({"tests": "maybe"}, "none of exclude, include, only"),
        ({"liked": "yes"}, "is true or false"),
        ({"variation": "place"}, "AXIS=VALUE"),
        ({"extra": "=5"}, "KEY=VALUE"),
        ({"extra": "a..b=5"}, "KEY=VALUE"),
        ({"since": "yesterday"}, "no moment"),
        ({"since": "999999w"}, "no moment"),
        ({"until": "0001-01-01T00:00+14:00"}, "no moment"),
        ({"steps": "-inf..5"}, "out of range"),
        ({"score": "0.5..", "min_score": 0.8}, "score is given as well"),
    ],
)
def test_a_mistake_is_told_with_its_filter(asked: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        read(**asked)
    assert caught.value.code == "selection-invalid"


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        read(seed="x", cfg="y")
    assert caught.value.message.count(": ") == 2


@given(st.integers(0, MAX_SEED), st.integers(0, MAX_SEED))
def test_seeds_keep_every_digit(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert read(seed=f"{low}..{high}") == {"seed_from": low, "seed_to": high}


def test_every_filter_says_what_it_is() -> None:
    assert all(item.help.endswith(".") for item in FILTERS)
    assert len({item.name for item in FILTERS}) == len(FILTERS)


def test_a_range_beyond_every_value_is_told() -> None:
    assert beyond_scale({"min_score": 80, "quality": "11..", "rating": "8"}) == [
        "min_score goes from 0 to 1",
        "quality goes from 0 to 10",
    ]
    assert beyond_scale({"min_score": "0.8", "score": "..80", "seed": 80, "liked": True}) == []
