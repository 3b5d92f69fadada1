"""The table of metrics: every mistake of a file at once, and what makes two values comparable."""

import math
from typing import Any

import pytest

from darkroom.core.config.tree import Origin, from_plain
from darkroom.core.scoring.measuring import measured, unmeasured
from darkroom.core.scoring.metrics import MetricSpec, MetricTable, RawRange, identity, parsed

ROW: dict[str, Any] = {
    "name": "brisque",
    "model": "brisque",
    "version": "1",
    "tier": "torch",
    "dimension": "technical",
    "direction": "lower",
    "unit": "points",
    "range": {"low": -100, "high": 250},
    "licence": "MIT",
    "normalisation": {"calibration": "defaults-1", "anchors": [[5, 10], [80, 0]]},
}


def _read(*rows: dict[str, Any]) -> tuple[MetricTable | None, list[str]]:
    table, problems = parsed(from_plain({"metrics": list(rows)}, Origin("metrics.yaml")))
    return table, [f"{problem.key}: {problem.message}" for problem in problems]


def _spec(**other: Any) -> MetricSpec:
    table, problems = _read(ROW | other)
    assert table is not None, problems
    return table.metrics[0]


def test_a_row_is_found_by_name_and_tier() -> None:
    table, _ = _read(ROW, ROW | {"tier": "onnx"})
    assert table is not None
    found = table.find("brisque", "onnx")
    assert found is not None
    assert found.tier == "onnx"
    assert table.find("brisque", "lite") is None


def test_a_tier_has_its_rows_in_file_order() -> None:
    table, _ = _read(ROW, ROW | {"tier": "lite"}, ROW | {"name": "niqe"})
    assert table is not None
    assert [spec.name for spec in table.in_tier("torch")] == ["brisque", "niqe"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"direction": "higher"}, "anchors: do not run as direction higher says"),
        ({"range": {"low": 3, "high": 3}}, "range: low is not below high"),
        ({"sha256": "0" * 64}, "sha256: belongs to a weight_file, and there is none"),
        ({"finding": "noise"}, "finding: names a fault; write counts: false"),
        ({"tier": "gpu"}, "tier: expected lite, onnx or torch"),
        ({"colour": "red"}, "colour: unknown key"),
        ({"normalisation": {"calibration": "a", "anchors": 3}}, "anchors: expected a list"),
        ({"normalisation": {"calibration": "a", "anchors": [1, 2]}}, "anchors"),
    ],
)
def test_a_mistake_is_told_at_its_key(wrong: dict[str, Any], told: str) -> None:
    table, problems = _read(ROW | wrong)
    assert table is None
    assert any(told in problem for problem in problems), problems


def test_all_mistakes_of_all_rows_are_told_at_once() -> None:
    bad = ROW | {"range": {"low": 2, "high": 1}, "version": ""}
    _, problems = _read(ROW, ROW | {"tier": "gpu"}, bad, ROW | {"direction": "higher"})
    keys = {problem.split(":")[0] for problem in problems}
    assert {"metrics[1].tier", "metrics[2].range", "metrics[2].version"} <= keys
    assert {"metrics[3].name", "metrics[3].normalisation.anchors"} <= keys


def test_a_document_that_is_no_table_is_told_as_such() -> None:
    table, problems = parsed(from_plain({"metrics": "none"}, Origin("metrics.yaml")))
    assert table is None
    assert "expected a list" in problems[0].message


@pytest.mark.parametrize(
    ("changed", "digest"),
    [
        ({"version": "2"}, None),
        ({"tier": "onnx"}, None),
        ({"long_side": 1024}, None),
        ({}, "a" * 64),
    ],
)
def test_whatever_changes_the_raw_value_changes_the_identity(
    changed: dict[str, Any], digest: str | None
) -> None:
    assert identity(_spec(**changed), digest) != identity(_spec(), None)


def test_the_calibration_is_no_part_of_the_identity() -> None:
    other = {"calibration": "mine-3", "anchors": [[0, 10], [1, 0]]}
    assert identity(_spec(normalisation=other), "b" * 64) == identity(_spec(), "b" * 64)


def test_an_identity_reads_as_tier_name_version_cap_and_weights() -> None:
    assert identity(_spec(long_side=512), "ab" * 32) == "torch:brisque-1@512+abababababababab"


@pytest.mark.parametrize(
    ("low", "high", "raw", "held"),
    [
        (0.0, 1.0, 0.0, True),
        (0.0, 1.0, 1.1, False),
        (0.0, 1.0, -0.1, False),
        (None, None, 1e9, True),
        (None, None, math.inf, False),
        (None, None, math.nan, False),
    ],
)
def test_a_range_holds_what_a_metric_can_give(
    low: float | None, high: float | None, raw: float, held: bool
) -> None:
    assert RawRange(low=low, high=high).holds(raw) is held


def test_a_measurement_becomes_a_score_with_everything_needed_to_compare_it() -> None:
    score = measured(_spec(), 42.5, ms=3.0, weights_sha256="c" * 64)
    assert (score.metric, score.tier, score.version) == ("brisque", "torch", "1")
    assert (score.raw, score.normalised, score.calibration) == (42.5, 5.0, "defaults-1")
    assert (score.ms, score.weights_sha256, score.dimension) == (3.0, "c" * 64, "technical")


@pytest.mark.parametrize("raw", [math.nan, math.inf, 251.0])
def test_a_value_that_cannot_be_right_is_null_with_a_reason(raw: float) -> None:
    score = measured(_spec(), raw)
    assert score.raw is None
    assert score.normalised is None
    assert score.reason


def test_a_metric_that_could_not_run_says_why() -> None:
    score = unmeasured(_spec(), "no weights")
    assert (score.raw, score.reason, score.tier) == (None, "no weights", "torch")
