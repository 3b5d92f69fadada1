"""Score documents: appended beside the sidecar, the latest counting."""

import json

import pytest

from darkroom.core.errors import DataError
from darkroom.core.scoring.documents import (
    ScoreDocument,
    compose,
    identity,
    latest,
    parse,
    scores_key,
    scores_prefix,
    serialise,
)
from darkroom.core.scoring.settings import ScoringSettings, assess
from darkroom.core.sidecar.judging import Score

IMAGE = "demo/working/2026-01-01_00-00-00/images/iteration_001.png"
ULID = "01kaj0000000000000000000ab"
AT = "2026-01-01T00:00:00.000000Z"


def score(metric: str, raw: float | None, **changes: object) -> Score:
    told = {"metric": metric, "tier": "lite", "version": "1", "dimension": "detail"}
    found = {"reason": "flat"} if raw is None else {"raw": raw, "normalised": raw}
    return Score.model_validate(told | found | changes)


def document(settings: ScoringSettings, *scores: Score) -> ScoreDocument:
    found = assess(scores, settings, lambda _score: True)
    return compose((IMAGE, "a" * 64), AT, scores, found, None)


def test_it_lies_in_the_run_under_the_images_name_and_its_own_time() -> None:
    key = scores_key(IMAGE, ULID)
    assert key == f"demo/working/2026-01-01_00-00-00/scores/iteration_001.{ULID}.json"
    assert key.startswith(scores_prefix(IMAGE))
    assert scores_key("loose.png", ULID) == f"scores/loose.{ULID}.json"


def test_it_is_read_back_as_it_was_written(settings: ScoringSettings) -> None:
    made = document(settings, score("m", 6.0))
    data = serialise(made)
    assert parse(data, scores_key(IMAGE, ULID)) == made
    said = json.loads(data)
    assert said["schema"] == "darkroom.scores/1"
    assert (said["composite_score"], said["grade"], said["coverage"]) == (6.0, "C", 0.2)
    assert (said["calibration"], said["weights"], said["tier"]) == (None, "s3", "lite")


@pytest.mark.parametrize(
    ("data", "key", "said"),
    [
        (b"<html>", scores_key(IMAGE, ULID), "web page"),
        (b"{}", scores_key(IMAGE, ULID), "image"),
        (None, scores_key("other/images/x.png", ULID), "elsewhere"),
    ],
)
def test_what_is_no_such_document_is_refused(
    settings: ScoringSettings, data: bytes | None, key: str, said: str
) -> None:
    written = serialise(document(settings, score("m", 6.0))) if data is None else data
    with pytest.raises(DataError, match=said) as caught:
        parse(written, key)
    assert caught.value.code == "scores-damaged"


def test_of_one_metric_the_later_measurement_counts() -> None:
    assert latest([[score("m", 1.0)], [score("m", 2.0)]]) == (score("m", 2.0),)


def test_a_failure_never_displaces_a_measurement_but_a_measurement_a_failure() -> None:
    assert latest([[score("m", 1.0)], [score("m", None)]]) == (score("m", 1.0),)
    assert latest([[score("m", None)], [score("m", 1.0)]]) == (score("m", 1.0),)
    later = score("m", None, reason="later")
    assert latest([[score("m", None)], [later]]) == (later,)


def test_tiers_stand_side_by_side() -> None:
    both = (score("m", 1.0), score("m", 2.0, tier="torch"))
    assert latest([both[:1], both[1:]]) == both


def test_other_weights_are_another_identity() -> None:
    assert identity(score("m", 1.0)) != identity(score("m", 1.0, weights_sha256="b" * 64))
