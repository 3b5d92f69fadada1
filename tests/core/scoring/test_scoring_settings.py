"""scoring.yaml: what is shipped is S3's, and what has holes is refused."""

import pytest
from pydantic import ValidationError

from darkroom.core.scoring.settings import ScoringSettings, assess
from darkroom.core.sidecar.judging import Score


def test_the_shipped_weights_and_grades_are_those_of_s3(settings: ScoringSettings) -> None:
    weights = settings.weights
    shares = (weights.technical, weights.aesthetic, weights.prompt_adherence, weights.detail)
    assert shares == (0.30, 0.25, 0.25, 0.20)
    floors = {band.grade: band.from_ for band in settings.grades}
    assert floors == {"A": 8.0, "B": 6.5, "C": 5.0, "D": 3.0, "F": 0.0}
    assert settings.provisional_below == 0.75
    assert settings.tier == "lite"


def test_a_tier_can_have_weights_of_its_own(settings: ScoringSettings) -> None:
    own = settings.weights.model_copy(update={"id": "own"})
    told = settings.model_copy(update={"tier_weights": {"torch": own}})
    tiers = ("lite", "torch", "unknown")
    assert [told.weights_of(tier).id for tier in tiers] == ["s3", "own", "s3"]


def test_grades_with_a_hole_are_refused(settings: ScoringSettings) -> None:
    document = settings.model_dump(by_alias=True)
    document["grades"] = document["grades"][:-1]
    with pytest.raises(ValidationError, match="begin at 0"):
        ScoringSettings.model_validate(document)


def test_an_assessment_becomes_the_quality_block_of_a_sidecar(settings: ScoringSettings) -> None:
    scores = (Score(metric="m", tier="lite", dimension="technical", raw=1.0, normalised=9.0),)
    found = assess(scores, settings, lambda _score: True)
    quality = found.quality(scores)
    assert found.value == quality.composite_score == 9.0
    assert (quality.grade, quality.coverage, quality.technical) == ("A", 0.30, {"m": 9.0})
    assert found.graded.is_provisional
