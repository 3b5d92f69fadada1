"""The composite: S3's weights over what is present, and nothing invented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from darkroom.core.scoring.composite import Weights, composite, dimension_values, weighed
from darkroom.core.sidecar.judging import DIMENSIONS, Score

S3 = Weights(id="s3", technical=0.30, aesthetic=0.25, prompt_adherence=0.25, detail=0.20)
OUT_OF_TEN = st.one_of(st.none(), st.floats(0, 10))


def score(metric: str, dimension: str, value: float | None, tier: str = "lite") -> Score:
    reason = "could not" if value is None else None
    document = {"metric": metric, "dimension": dimension, "tier": tier, "normalised": value}
    return Score.model_validate(document | {"reason": reason})


def every(_score: Score) -> bool:
    return True


def shipped(_tier: str) -> Weights:
    return S3


def of(**values: float) -> list[Score]:
    return [score(name, name, value) for name, value in values.items()]


def test_all_four_dimensions_weigh_as_in_s3() -> None:
    found = composite(of(technical=8, aesthetic=6, prompt_adherence=7, detail=5), shipped, every)
    assert found.value == pytest.approx(0.30 * 8 + 0.25 * 6 + 0.25 * 7 + 0.20 * 5)
    assert found.coverage == pytest.approx(1.0)
    assert found.weights == "s3"


def test_what_is_missing_leaves_its_weight_to_the_others_and_lowers_the_coverage() -> None:
    found = composite(of(technical=8, detail=5), shipped, every)
    assert found.value == pytest.approx((0.30 * 8 + 0.20 * 5) / 0.5)
    assert found.coverage == pytest.approx(0.5)
    assert found.dimensions["aesthetic"] is None


def test_a_failure_to_measure_is_no_zero() -> None:
    found = composite([*of(technical=8), score("clip", "prompt_adherence", None)], shipped, every)
    assert found.value == pytest.approx(8)


def test_without_any_score_there_is_no_composite() -> None:
    found = composite([], shipped, every)
    assert (found.value, found.coverage, found.tier, found.weakest) == (None, 0.0, None, None)


def test_members_of_a_dimension_are_averaged() -> None:
    scores = [score("brisque", "technical", 4), score("niqe", "technical", 8)]
    assert dimension_values(scores)["technical"] == pytest.approx(6)


def test_tiers_never_meet_and_the_one_that_covers_more_counts() -> None:
    lite = of(technical=8, detail=8)
    torch = [score("brisque", "technical", 2, "torch")]
    assert composite([*lite, *torch], shipped, every).value == pytest.approx(8)
    assert composite([*lite, *torch], shipped, every, "torch").value == pytest.approx(2)


def test_of_two_tiers_that_cover_the_same_torch_counts() -> None:
    scores = [score("a", "detail", 9), score("a", "detail", 1, "torch")]
    assert composite(scores, shipped, every).tier == "torch"


def test_each_tier_is_weighed_by_its_own_weights() -> None:
    own = Weights(id="own", technical=0, aesthetic=0, prompt_adherence=0, detail=1)
    scores = of(technical=8, detail=2)
    found = composite(scores, lambda tier: own if tier == "lite" else S3, every)
    assert (found.value, found.weights) == (2.0, "own")


def test_metrics_that_are_shown_only_do_not_count() -> None:
    scores = [score("noise", "technical", 1), score("nss", "technical", 9)]
    found = composite(scores, shipped, lambda each: each.metric != "noise")
    assert found.value == pytest.approx(9)


def test_the_weakest_dimension_is_named() -> None:
    assert composite(of(technical=8, detail=5), shipped, every).weakest == "detail"


def test_a_dimension_without_weight_gives_no_composite_by_itself() -> None:
    only = Weights(id="x", technical=1, aesthetic=0, prompt_adherence=0, detail=0)
    assert weighed({"detail": 5.0}, only) == (None, 0.0)


@pytest.mark.parametrize("shares", [(0.3, 0.3, 0.3, 0.3), (1.0, 0.5, -0.5, 0.0), (0, 0, 0, 0)])
def test_weights_are_shares_of_one(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError):
        Weights.model_validate({"id": "x", **dict(zip(DIMENSIONS, shares, strict=True))})


@given(st.fixed_dictionaries(dict.fromkeys(DIMENSIONS, OUT_OF_TEN)))
def test_the_composite_lies_between_the_lowest_and_the_highest_dimension(values: dict) -> None:
    value, coverage = weighed(values, S3)
    there = [each for each in values.values() if each is not None]
    assert (value is None) == (not there)
    assert 0 <= coverage <= 1
    if value is not None:
        assert min(there) - 1e-9 <= value <= max(there) + 1e-9
