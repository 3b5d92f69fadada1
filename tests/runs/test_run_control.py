"""The control arm: as many images by plain reseeding, in a run of its own."""

import pytest

from darkroom.runs.checkpoint import read_checkpoint
from darkroom.runs.control import interval
from tests.fakes.scripted_judge import ScriptedJudge
from tests.runs.run_scenes import Lab


@pytest.fixture
def controlled(lab: Lab) -> Lab:
    path = lab.folder / "config/rules.yaml"
    path.write_text(path.read_text().replace("name: demo,", "name: demo, control: reseed,"))
    return lab


def test_the_control_spends_as_many_images_and_changes_only_the_seed(controlled):
    controlled.judge.script = [(), ("hat",), ("hat", "dog"), (), ("hat",), ()]
    report = controlled.run()
    told = [
        controlled.json(path)
        for path in controlled.files("metadata/*")
        if path.startswith(f"working/{report.run_id}-control/")
    ]
    assert len(told) == 3
    assert len({each["parameters_used"]["seed"] for each in told}) == 3
    assert {each["prompts_used"]["positive"] for each in told} == {"a, hat"}
    assert len(controlled.server.submissions) == 6


def test_the_report_holds_both_arms_and_an_interval(controlled):
    controlled.judge.script = [(), ("hat",), ("hat", "dog"), (), ("hat",), ()]
    control = controlled.run().control
    assert control["loop"] == {"judged": 3, "full_marks": 1, "mean": 50, "best": 100}
    assert control["reseed"]["best"] == 50
    assert control["difference"]["low"] < control["difference"]["mean"]


def test_the_holdout_judge_compares_where_there_is_one(controlled):
    controlled.holdout = ScriptedJudge(controlled.home / "holdout", [()])
    control = controlled.run().control
    assert control["judge"] == "the holdout judge"
    assert control["loop"]["best"] == 0


def test_the_control_is_not_taken_for_the_open_run(controlled):
    report = controlled.run()
    found = read_checkpoint(controlled.folder)
    assert found is not None
    assert (found.run_id, found.last_iteration) == (report.run_id, 3)


def test_one_image_says_nothing_about_a_difference():
    assert interval([100.0], [0.0, 0.0]) == (-100.0, 100.0)
    assert interval([50.0, 50.0], [20.0, 20.0]) == (30.0, 30.0)
