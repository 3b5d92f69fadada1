"""What images cost, by run and in all, per image and per accepted image."""

import pytest

from darkroom.archive.costing import get_costs
from darkroom.core.fleet.costs import Share
from tests.fakes import library
from tests.fakes.library import sidecar

DEAR = "2026-11-22_00-00-00"
GOOD = {"criteria_results": {"red": True}, "overall_score": 100}
BAD = {"criteria_results": {"red": False}, "overall_score": 0}


def drawn(number, run, seconds, evaluation, **more):
    cost = {"seconds": seconds, "gpu_seconds": seconds, "calls": 2, "tokens_in": 90}
    made = sidecar(number, run, cost=cost | {"tokens_out": 10}, **more)
    made["iteration"]["evaluation"] = {"probabilities": {}, **evaluation}
    return made


@pytest.fixture
def lab(tmp_path):
    return library.lab_in(
        tmp_path,
        drawn(1, library.RUN, 2.0, GOOD),
        drawn(2, library.RUN, 4.0, BAD),
        drawn(1, DEAR, 10.0, BAD, is_test=True),
        sidecar(2, DEAR, cost=None),
    )


def test_the_sum_comes_first_then_each_run_the_dearest_first(lab):
    lines = get_costs(lab)
    assert [line.run for line in lines] == [None, f"demo/{DEAR}", f"demo/{library.RUN}"]
    assert [line.spent.gpu_seconds for line in lines] == [16.0, 10.0, 6.0]
    assert [line.spent.images for line in lines] == [4, 2, 2]
    assert [line.measured for line in lines] == [3, 1, 2]


def test_accepted_images_bear_the_cost_of_all(lab):
    everything, _, run = get_costs(lab)
    assert run.per_image == Share(3.0, 2.0, 100.0)
    assert run.spent.accepted == 1
    assert run.per_accepted == Share(6.0, 4.0, 200.0)
    assert everything.spent.calls == 6


def test_filters_narrow_what_is_added_up_and_nothing_costs_nothing(lab):
    assert [line.run for line in get_costs(lab, run=f"demo/{DEAR}")] == [None, f"demo/{DEAR}"]
    (nothing,) = get_costs(lab, project=["nobody"])
    assert (nothing.spent.images, nothing.per_image, nothing.per_accepted) == (0, None, None)
