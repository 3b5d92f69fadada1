"""The lite tier on pictures and faults that its coefficients were never fitted to."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from darkroom.adapters.scorers.lite import LiteScorer, findings, head
from darkroom.adapters.scorers.lite.head import read_head, shipped_head
from darkroom.adapters.scorers.protocol import Picture, Pixels
from darkroom.adapters.scorers.specs import metric_table
from darkroom.adapters.vision.drawing import draw
from darkroom.core.errors import DataError, UsageError
from darkroom.core.world.scene import Scene, SceneObject
from training.lite.noise_fields import finished
from training.lite.unseen_faults import FAULTS
from training.lite.unseen_pictures import branches, cloth, stones

SPECS = tuple(spec for spec in metric_table().in_tier("lite") if not spec.needs_prompt)
NAMED = {spec.finding: spec for spec in SPECS if spec.finding}
CLEAN = [
    finished(kind(np.random.default_rng(at), 512), 256)
    for at, kind in ((3, stones), (1, branches), (2, cloth))
]


def _picture(rgb: Pixels, prompt: str | None = None) -> Picture:
    return Picture(rgb, hashlib.sha256(rgb.tobytes()).hexdigest(), prompt)


def _raws(rgb: Pixels) -> dict[str, float]:
    scores = LiteScorer(SPECS).score([_picture(rgb)])[0]
    return {score.metric: score.raw for score in scores if score.raw is not None}


def _spoilt(clean: Pixels, fault: str, severity: int) -> Pixels:
    return FAULTS[fault](clean, severity, np.random.default_rng(len(fault)))


@pytest.fixture(scope="module")
def series() -> dict[str, list[list[dict[str, float]]]]:
    """Per fault and picture, what is measured at severities 0, 1, 3 and 5."""
    return {
        fault: [
            [_raws(_spoilt(clean, fault, at) if at else clean) for at in (0, 1, 3, 5)]
            for clean in CLEAN
        ]
        for fault in FAULTS
    }


@pytest.mark.parametrize("finding", list(NAMED))
def test_a_finding_grows_with_its_fault(
    series: dict[str, list[list[dict[str, float]]]], finding: str
) -> None:
    name = NAMED[finding].name
    ranks = [spearmanr([found[name] for found in steps], range(4))[0] for steps in series[finding]]
    assert np.mean(ranks) >= 0.95


@pytest.mark.parametrize("finding", list(NAMED))
def test_a_severe_fault_is_named_and_a_clean_picture_is_not_called_by_it(
    series: dict[str, list[list[dict[str, float]]]], finding: str
) -> None:
    name = NAMED[finding].name
    for steps in series[finding]:
        assert steps[0][name] < 0.5 <= steps[-1][name]


@pytest.mark.parametrize("fault", list(FAULTS))
def test_every_severe_fault_lowers_the_technical_estimate(
    series: dict[str, list[list[dict[str, float]]]], fault: str
) -> None:
    for steps in series[fault]:
        assert steps[-1]["lite_technical"] < steps[0]["lite_technical"] - 0.1


@pytest.mark.parametrize("fault", ["soft", "noise", "jagged edges", "enlarged"])
def test_noise_is_no_detail_and_lost_detail_is_seen(
    series: dict[str, list[list[dict[str, float]]]], fault: str
) -> None:
    for steps in series[fault]:
        assert steps[-1]["lite_detail"] < steps[0]["lite_detail"]


def test_edge_density_rises_with_noise_and_therefore_never_counts(
    series: dict[str, list[list[dict[str, float]]]],
) -> None:
    assert any(steps[-1]["edge_density"] > steps[0]["edge_density"] for steps in series["noise"])
    assert not next(spec for spec in SPECS if spec.name == "edge_density").counts


def test_findings_come_strongest_first_with_the_name_people_read() -> None:
    found = findings(_picture(_spoilt(CLEAN[0], "noise", 5)), SPECS)
    assert (found[0].name, found[0].is_named) == ("noise", True)
    assert [one.strength for one in found] == sorted((f.strength for f in found), reverse=True)


def test_scores_come_in_the_order_of_the_specs_with_their_identity() -> None:
    scores = LiteScorer(SPECS).score([_picture(CLEAN[0])])[0]
    assert [score.metric for score in scores] == [spec.name for spec in SPECS]
    assert scores[0].weights_sha256 == shipped_head().sha256
    assert all(score.ms is not None and score.tier == "lite" for score in scores)


def test_the_same_picture_gets_the_same_scores() -> None:
    assert _raws(CLEAN[0]) == _raws(CLEAN[0].copy())


@pytest.mark.parametrize("shape", [(96, 96), (128, 128), (97, 301), (700, 120)])
def test_small_and_odd_sizes_are_measured(shape: tuple[int, int]) -> None:
    tall = np.tile(CLEAN[0], (3, 2, 1))[: shape[0], : shape[1]]
    assert set(_raws(np.ascontiguousarray(tall))) == {spec.name for spec in SPECS}


@pytest.mark.parametrize("shade", [0, 120, 255])
def test_a_flat_picture_gets_reasons_and_no_scores(shade: int) -> None:
    scores = LiteScorer(SPECS).score([_picture(np.full((128, 128, 3), shade, np.uint8))])[0]
    assert all(score.raw is None and "flat" in (score.reason or "") for score in scores)


def test_a_picture_that_is_almost_nothing_still_gets_finite_values() -> None:
    rgb = np.full((128, 128, 3), 90, np.uint8)
    rgb[60:64, 60:64] = 200
    assert all(np.isfinite(raw) for raw in _raws(rgb).values())


ADHERENCE = tuple(spec for spec in metric_table().in_tier("lite") if spec.needs_prompt)
RED_CIRCLE = draw(Scene("white", (SceneObject("red", "circle", "large", 0.5, 0.5, 0.25),)), 128)


def test_a_true_caption_adheres_more_than_a_false_one() -> None:
    scorer = LiteScorer(ADHERENCE)
    right, wrong = scorer.score(
        [_picture(RED_CIRCLE, "a red circle"), _picture(RED_CIRCLE, "a blue triangle")]
    )
    assert right[0].normalised is not None
    assert wrong[0].normalised is not None
    assert right[0].normalised > wrong[0].normalised + 2


@pytest.mark.parametrize("prompt", ["a photograph of a space station", "xylophone", None])
def test_a_prompt_from_outside_the_world_has_no_adherence_there(prompt: str | None) -> None:
    score = LiteScorer(ADHERENCE).score([_picture(RED_CIRCLE, prompt)])[0][0]
    assert score.raw is None
    assert score.reason


def test_a_metric_that_no_code_measures_is_refused() -> None:
    with pytest.raises(UsageError, match="no code of the lite tier"):
        LiteScorer([SPECS[0].model_copy(update={"model": "beauty"})])


def test_coefficients_that_were_changed_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = head._FOLDER
    (tmp_path / "lite.json").write_bytes((shipped / "lite.json").read_bytes() + b" ")
    (tmp_path / "SHA256SUMS").write_bytes((shipped / "SHA256SUMS").read_bytes())
    monkeypatch.setattr(head, "_FOLDER", tmp_path)
    with pytest.raises(DataError, match="not the file that was shipped"):
        shipped_head.__wrapped__()


def test_coefficients_for_other_features_are_refused() -> None:
    data = (head._FOLDER / "lite.json").read_bytes().replace(b'"noise"', b'"voice"')
    with pytest.raises(DataError, match="other features"):
        read_head(data, "0" * 64)
