"""The fit of the lite coefficients: reproducible, and blind to what it is evaluated on."""

import numpy as np
import pytest

from darkroom.adapters.scorers.lite.features import NAMES
from darkroom.adapters.scorers.lite.head import read_head
from training.lite import (
    samples,
    seen_faults,
    seen_pictures,
    seen_surfaces,
    unseen_faults,
    unseen_pictures,
)
from training.lite.evaluating import pooled, scored, within
from training.lite.fitting import fitted, written
from training.lite.noise_fields import finished
from training.lite.preserved import preserved
from training.lite.samples import NONE, Sample

LEVELS = (1, 3, 5)


def _made_up(count: int, seed: int) -> list[Sample]:
    """Samples whose first features are their severity and some noise."""
    rng = np.random.default_rng(seed)
    found: list[Sample] = []
    for picture in range(count):
        for fault in (NONE, *seen_faults.FAULTS):
            for severity in (0,) if fault == NONE else LEVELS:
                row = rng.normal(0, 0.3, len(NAMES)) + severity
                found.append(Sample(picture, fault, severity, 1 - severity / 6, row))
    return found


def test_the_same_samples_give_the_same_bytes() -> None:
    assert written(fitted(_made_up(6, 1))) == written(fitted(_made_up(6, 1)))


def test_what_was_fitted_can_be_read_and_ranks_new_samples() -> None:
    head = read_head(written(fitted(_made_up(20, 1))), "0" * 64)
    found = scored(head, _made_up(6, 2))
    raw = found.estimates["technical"]
    assert pooled(found, raw, -found.column("severity")).value > 0.9
    assert within(found, -raw, "noise").value > 0.9


def test_an_interval_holds_its_figure() -> None:
    found = scored(read_head(written(fitted(_made_up(20, 1))), "0" * 64), _made_up(6, 2))
    figure = within(found, -found.estimates["technical"], "noise")
    assert figure.low <= figure.value <= figure.high


def test_pictures_faults_and_seeds_of_the_evaluation_are_never_fitted_on() -> None:
    fitted_on = {*seen_pictures.KINDS, *seen_surfaces.KINDS, *seen_faults.FAULTS.values()}
    tested_on = {*unseen_pictures.KINDS, *unseen_faults.FAULTS.values()}
    assert not fitted_on & tested_on
    assert seen_faults.FAULTS.keys() == unseen_faults.FAULTS.keys()
    assert samples.FIT_SEED != samples.TEST_SEED


@pytest.mark.parametrize("fault", list(seen_faults.FAULTS))
def test_a_fault_changes_more_the_more_severe_it_is(fault: str) -> None:
    rng = np.random.default_rng(4)
    clean = finished(seen_pictures.leaves(rng, 256), 128).astype(np.uint8)
    for table in (seen_faults.FAULTS, unseen_faults.FAULTS):
        spoilt = [table[fault](clean, at, np.random.default_rng(1)) for at in LEVELS]
        whole = [np.asarray(one, float).std(axis=(0, 1)).sum() for one in spoilt]
        assert len(set(whole)) == len(LEVELS)


def test_blur_takes_structure_and_nothing_takes_none() -> None:
    clean = finished(seen_pictures.streets(np.random.default_rng(4), 256), 128)
    soft = [seen_faults.blurred(clean, at, np.random.default_rng(1)) for at in LEVELS]
    kept = [preserved(clean, one) for one in (clean, *soft)]
    assert kept[0] == pytest.approx(1.0, abs=1e-3)
    assert kept == sorted(kept, reverse=True)
