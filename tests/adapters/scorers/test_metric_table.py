"""The shipped table of metrics: complete, consistent, and refused when spoilt."""

from pathlib import Path

import pytest

from darkroom.adapters.scorers import specs
from darkroom.adapters.scorers.specs import metric_table
from darkroom.core.errors import ConfigError
from darkroom.core.scoring.metrics import TIERS
from darkroom.core.scoring.normalise import normalised
from darkroom.core.sidecar.judging import DIMENSIONS

SPECS = metric_table().metrics


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_with_all_weights_every_dimension_has_a_metric_that_counts(dimension: str) -> None:
    assert any(one.dimension == dimension and one.counts for one in SPECS if one.tier == "torch")


def test_the_lite_tier_needs_no_weights_and_judges_no_beauty() -> None:
    lite = metric_table().in_tier("lite")
    assert all(spec.weight_file is None and spec.backbone is None for spec in lite)
    assert not any(spec.dimension == "aesthetic" for spec in lite)


def test_five_faults_have_names() -> None:
    assert {spec.finding for spec in SPECS if spec.finding} == {
        "jagged edges",
        "JPEG blocks",
        "noise",
        "clipped highlights",
        "soft",
    }


@pytest.mark.parametrize("tier", [tier for tier in TIERS if tier != "lite"])
def test_a_metric_has_the_same_meaning_in_every_tier_with_weights(tier: str) -> None:
    torch = {spec.name: spec for spec in SPECS if spec.tier == "torch"}
    for spec in (one for one in SPECS if one.tier == tier):
        assert spec.dimension == torch[spec.name].dimension
        assert spec.normalisation.anchors == torch[spec.name].normalisation.anchors


def test_a_raw_clip_cosine_is_not_mistaken_for_a_share() -> None:
    spec = metric_table().find("clip_score", "torch")
    assert spec is not None
    usual, best = (normalised(raw, spec.normalisation) for raw in (0.22, 0.32))
    assert (usual, best) == (5.0, 10.0)


def test_edge_density_is_best_in_the_middle() -> None:
    spec = metric_table().find("edge_density", "lite")
    assert spec is not None
    soft, right, noisy = (normalised(raw, spec.normalisation) for raw in (0.005, 0.08, 0.4))
    assert soft < right > noisy


def test_a_spoilt_table_is_refused_with_every_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "metrics.yaml"
    path.write_text("metrics:\n  - name: noise\n    tier: gpu\n")
    monkeypatch.setattr(specs, "shipped", lambda name: path.parent / name)
    with pytest.raises(ConfigError) as caught:
        metric_table.__wrapped__()
    assert len(caught.value.problems) > 3
