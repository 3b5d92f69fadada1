"""Calibrations: quantiles of one's own images in place of the shipped anchors."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.scoring.calibration import (
    Calibration,
    MetricCalibration,
    Unfit,
    apply,
    calibrate,
    quantile,
    renormalised,
    spec_of,
)
from darkroom.core.scoring.measuring import measured, unmeasured
from darkroom.core.scoring.metrics import MetricSpec, MetricTable
from darkroom.core.scoring.normalise import Normalisation, normalised
from darkroom.core.sidecar.judging import Score

ANCHORS = {
    "higher": [[0, 0], [1, 10]],
    "lower": [[0, 10], [100, 0]],
    "peak": [[0, 0], [0.1, 10], [0.5, 0]],
}


def spec(direction: str = "higher", **changes: object) -> MetricSpec:
    row = {
        "name": "m",
        "model": "m",
        "version": "1",
        "tier": "lite",
        "dimension": "detail",
        "direction": direction,
        "unit": "points",
        "range": {},
        "licence": "MIT",
        "normalisation": {"calibration": "defaults-1", "anchors": ANCHORS[direction]},
    }
    return MetricSpec.model_validate(row | changes)


def made(told: MetricSpec, raws: list[float]) -> MetricCalibration:
    found = calibrate(told, raws, None, 10)
    assert isinstance(found, MetricCalibration)
    return found


def value(raw: float, found: MetricCalibration) -> float:
    return normalised(raw, Normalisation(calibration="own", anchors=found.anchors))


def test_the_value_is_the_share_of_ones_own_images_that_are_worse() -> None:
    found = made(spec("higher"), [float(n) for n in range(1001)])
    assert value(500, found) == pytest.approx(5, abs=0.05)
    assert value(750, found) == pytest.approx(7.5, abs=0.05)
    assert (value(0, found), value(1000, found)) == (0, 10)


def test_where_low_is_good_the_low_ones_get_the_high_values() -> None:
    found = made(spec("lower"), [float(n) for n in range(1001)])
    assert value(250, found) == pytest.approx(7.5, abs=0.05)
    assert value(1000, found) == 0


def test_where_a_peak_is_good_the_peak_stays_where_it_is() -> None:
    chance = random.Random(4)
    raws = [chance.uniform(0, 0.5) for _ in range(400)]
    found = made(spec("peak"), raws)
    assert value(0.1, found) == max(value(n / 1000, found) for n in range(500))
    assert value(0.1, found) > value(0.05, found) > value(0.0, found)
    assert value(0.1, found) > value(0.3, found) > value(0.5, found)


@given(
    st.sampled_from(["higher", "lower", "peak"]),
    st.lists(st.floats(0, 1, allow_nan=False), min_size=10, max_size=80),
)
def test_whatever_the_images_the_order_of_the_metric_is_kept(
    direction: str, raws: list[float]
) -> None:
    found = calibrate(spec(direction), raws, None, 10)
    if isinstance(found, Unfit):
        return
    values = [value(raw, found) for raw in sorted({*raws, 0.0, 1.0})]
    if direction == "higher":
        assert all(a <= b + 1e-9 for a, b in pairwise(values))
    if direction == "lower":
        assert all(a >= b - 1e-9 for a, b in pairwise(values))


def test_too_few_images_are_refused_with_their_number() -> None:
    found = calibrate(spec(), [1.0, 2.0], None, 10)
    assert found == Unfit("m", "only 2 images have a value; 10 are needed")


@pytest.mark.parametrize("direction", ["higher", "peak"])
def test_images_that_are_all_alike_calibrate_nothing(direction: str) -> None:
    found = calibrate(spec(direction), [0.2] * 40, None, 10)
    assert found == Unfit("m", "the images hardly differ in it")


def test_a_calibration_takes_the_place_of_the_anchors_of_its_metrics_only() -> None:
    other = spec(name="n")
    table = MetricTable(metrics=(spec(), other))
    row = made(spec(), [float(n) for n in range(100)])
    calibrated = apply(
        Calibration(id="own", at="now", tier="lite", images=100, metrics=(row,)), table
    )
    first, second = calibrated.metrics
    assert first.normalisation.calibration == "own"
    assert first.normalisation.anchors == row.anchors
    assert second == other


def test_anchors_that_run_the_wrong_way_are_not_taken() -> None:
    row = made(spec("lower"), [float(n) for n in range(100)])
    table = MetricTable(metrics=(spec("higher"),))
    told = Calibration(id="own", at="now", tier="lite", images=100, metrics=(row,))
    assert apply(told, table) == table


def test_the_same_measurement_gets_another_value_under_another_calibration() -> None:
    table = MetricTable(metrics=(spec(),))
    score = measured(spec(), 0.5)
    row = made(spec(), [n / 1000 for n in range(100)])
    own = apply(Calibration(id="own", at="now", tier="lite", images=100, metrics=(row,)), table)
    again = renormalised(score, own)
    assert (again.raw, again.normalised, again.calibration) == (0.5, 10.0, "own")
    assert renormalised(again, table) == score


def test_what_is_not_measured_or_not_known_stays_as_it_is() -> None:
    table = MetricTable(metrics=(spec(),))
    nothing = unmeasured(spec(), "flat")
    foreign = Score(metric="m", tier="unknown", normalised=4.0)
    older = Score(metric="m", tier="lite", version="0", raw=1.0, normalised=4.0)
    for score in (nothing, foreign, older):
        assert renormalised(score, table) == score
    assert spec_of(foreign, table) is None


def test_a_quantile_lies_between_its_neighbours_by_their_distance() -> None:
    assert quantile([0.0, 10.0], 0.25) == pytest.approx(2.5)
    assert quantile([7.0], 0.9) == 7.0
