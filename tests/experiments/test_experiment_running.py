"""Experiments as they are carried out, against a scripted server and judge."""

import json
import threading

import pytest

from darkroom.adapters.vision.measuring_judge import MeasuringJudge
from darkroom.core.errors import ComfyUnreachable, UsageError, VisionError
from darkroom.core.experiments.deciding import Draw
from darkroom.core.sidecar import read_any
from darkroom.experiments import judging
from darkroom.experiments.running import Work
from tests.experiments.lab_scenes import GRID, RULES, Lab, failing_where, paint
from tests.fakes.comfy_server import draw


def test_every_cell_and_seed_is_drawn_judged_and_ranked(lab: Lab):
    report = lab.run()
    assert (report.status, report.drawn, report.images, lab.drawn) == ("complete", 8, 8, 8)
    first, last = report.cells[0], report.cells[-1]
    assert (first.labels, first.score, first.passed) == ({"cfg": 9.0, "steps": 20}, 100.0, 2)
    assert (last.labels, last.score, last.seeds) == ({"cfg": 2.0, "steps": 4}, 0.0, 2)
    assert report.seeds == (11, 22)


def test_one_seed_of_every_cell_is_wanted_before_the_next(lab: Lab):
    with Work("demo/first") as work:
        step = work.decide()
        assert isinstance(step, Draw)
        assert [entry.seed for entry in step.entries] == [11] * 4 + [22] * 4


def test_the_sidecar_says_which_image_of_which_experiment_it_is(lab: Lab):
    lab.write(GRID + "prompts: 'a {colour=red|blue} cat'\n")
    lab.run()
    found = read_any(json.dumps(lab.sidecars()[0]).encode()).sidecar
    place = found.experiment
    assert place is not None
    assert (place.name, place.seed_index, place.repeat) == ("first", 0, 1)
    assert place.labels == {"colour": "red", "cfg": 2.0, "steps": 4}
    assert (place.score, place.passed) == (0.0, False)
    assert place.judging is not None
    assert found.variations == {"colour": "red"}
    assert found.input.prompt == "a red cat"
    assert found.iteration is not None
    assert found.iteration.evaluation is not None
    assert found.cost is not None
    assert found.cost.tokens_in == 20


def test_run_again_draws_nothing(lab: Lab):
    lab.run()
    report = lab.run()
    assert (report.drawn, report.found, report.run_id, lab.drawn) == (0, 8, None, 8)
    assert lab.judge.seen == 8
    assert report.cells[0].score == 100.0


def test_a_value_that_is_added_draws_only_what_is_new(lab: Lab):
    lab.run()
    lab.write(GRID.replace("[2.0, 9.0]", "[1.0, 2.0, 9.0]"))
    report = lab.run()
    assert (report.drawn, report.found, lab.drawn) == (4, 8, 12)
    assert len(report.cells) == 6
    assert {cell.seeds for cell in report.cells} == {2}


def test_a_further_seed_keeps_those_that_were_drawn(lab: Lab):
    lab.write(GRID.replace("seeds: [11, 22]", "seeds: 1"))
    (seed,) = lab.run().seeds
    lab.write(GRID.replace("seeds: [11, 22]", "seeds: 2"))
    report = lab.run()
    assert report.seeds[0] == seed
    assert (report.drawn, len(report.seeds)) == (4, 2)


def test_an_axis_that_is_added_finds_what_other_runs_drew(lab: Lab):
    lab.write("axes: {cfg: [2.0, 9.0]}\nseeds: [11]\n")
    lab.run()
    lab.write("axes: {cfg: [2.0, 9.0], steps: [4, 20]}\nseeds: [11]\n")
    report = lab.run()
    assert (report.images, report.drawn, lab.drawn) == (4, 2, 4)
    assert lab.judge.seen == 4
    again = lab.run()
    assert (again.run_id, again.found) == (None, 4)


def test_another_experiment_with_the_same_images_draws_none(lab: Lab):
    lab.run()
    lab.write(name="second")
    report = lab.run("demo/second")
    assert (report.drawn, report.images, lab.drawn) == (0, 8, 8)


def test_an_image_that_is_gone_is_drawn_again(lab: Lab):
    lab.run()
    for path in list(lab.home.glob("projects/demo/working/*/images/iteration_003.png*")):
        path.unlink()
    assert lab.run().drawn == 1


def test_repeats_draw_the_same_seed_again(lab: Lab):
    lab.write("axes: {cfg: [2.0]}\nseeds: [11]\nrepeats: 3\n")
    report = lab.run()
    assert (report.drawn, report.cells[0].images, report.cells[0].seeds) == (3, 3, 1)
    assert lab.run().drawn == 0


def test_other_rules_judge_again_and_draw_nothing(lab: Lab):
    lab.run()
    lab.write(rules=RULES.replace("Is it red?", "Is it very red?"))
    report = lab.run()
    assert (report.drawn, report.judged_again, lab.drawn, lab.judge.seen) == (0, 8, 8, 16)
    assert lab.run().judged_again == 0


def test_what_fails_is_recorded_and_tried_again_on_resume(lab: Lab):
    lab.server.work = failing_where(cfg=2.0)
    report = lab.run()
    assert (report.status, report.images, len(report.failures)) == ("incomplete", 4, 4)
    assert "it broke" in report.failures[0].cause
    assert report.cells[-1].score is None
    lab.server.work = paint
    with Work("demo/first", resume=True) as work:
        assert work.is_resumed
        while isinstance(step := work.decide(), Draw):
            work.carry_out(step)
        again = work.close(step)
    assert (again.status, again.drawn, again.found) == ("complete", 4, 4)
    assert again.run_id == report.run_id


def test_there_is_nothing_to_resume_after_the_end(lab: Lab):
    with pytest.raises(UsageError) as told:
        Work("demo/first", resume=True)
    assert told.value.code == "experiment-none-open"
    lab.run()
    with pytest.raises(UsageError):
        Work("demo/first", resume=True)


def test_a_run_that_stops_in_its_middle_goes_on_where_it_was(lab: Lab):
    with Work("demo/first") as work:
        step = work.decide()
        assert isinstance(step, Draw)
        work.carry_out(Draw(step.entries[:4]))
        run = work.keys.run_id
    report = lab.run()
    assert (report.drawn, report.found, report.run_id, lab.drawn) == (4, 4, run, 8)
    assert lab.opened[-1].resumed


def test_a_judge_that_is_away_stops_the_run_and_costs_no_image(lab: Lab):
    lab.judge.is_away = True
    with pytest.raises(VisionError):
        lab.run()
    drawn = lab.drawn
    assert drawn <= 4
    lab.judge.is_away = False
    report = lab.run()
    assert (report.status, lab.drawn) == ("complete", 8)


def test_an_image_that_the_judge_cannot_read_is_a_failure_of_that_image(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(judging, "judge_of", lambda *_: MeasuringJudge())
    lab.server.work = draw  # 8 x 8 pixels, too few to measure
    report = lab.run()
    assert (report.status, len(report.failures)) == ("empty", 8)
    assert "fewer than 64 a side" in report.failures[0].cause


def test_a_server_that_is_away_is_said_at_once(lab: Lab):
    (lab.home / "darkroom.yaml").write_text("hosts:\n  studio: {url: 'http://127.0.0.1:9'}\n")
    with pytest.raises(ComfyUnreachable):
        lab.run()


def test_of_several_servers_one_may_be_away(lab: Lab):
    lab.write(GRID + "hosts: [studio, gone]\n")
    text = (lab.home / "darkroom.yaml").read_text()
    (lab.home / "darkroom.yaml").write_text(text + "  gone: {url: 'http://127.0.0.1:9'}\n")
    report = lab.run()
    assert (report.status, report.drawn) == ("complete", 8)


def test_the_budget_of_images_ends_the_run_and_leaves_it_open(lab: Lab):
    lab.write(GRID + "budget: {images: 5}\n")
    report = lab.run()
    assert (report.status, report.drawn) == ("cut", 5)
    lab.write(GRID + "budget: {images: 7}\n")
    more = lab.run()
    assert (more.drawn, more.run_id) == (2, report.run_id)


def test_a_cell_that_is_surely_worse_gets_no_further_seed(lab: Lab):
    seeds = "seeds: [1, 2, 3, 4, 5, 6, 7, 8]\n"
    lab.write(f"axes: {{steps: [4, 20]}}\n{seeds}stop: {{interval: 70}}\n")
    report = lab.run()
    assert report.status == "stopped"
    assert report.images < report.wanted
    assert any(line.settled for line in report.cells)


def test_without_a_judge_images_have_no_score(lab: Lab):
    lab.write("axes: {cfg: [2.0]}\nseeds: [1]\njudge: none\n")
    report = lab.run()
    assert (report.images, report.cells[0].score, lab.judge.seen) == (1, None, 0)


def test_rules_that_are_not_there_cannot_judge(lab: Lab):
    lab.write(rules="project: {name: demo}\nquestions: []\nacceptance_criteria: []\n")
    with pytest.raises(UsageError):
        lab.run()


def test_an_adaptive_experiment_draws_its_trials_and_goes_on_where_it_was(lab: Lab):
    text = "axes: {cfg: {from: 1.0, to: 9.0}, steps: [4, 20]}\nseeds: [11]\n"
    lab.write(text + "adaptive: {trials: 6, batch: 2, sampler: random}\n")
    with Work("demo/first") as work:
        step = work.decide()
        assert isinstance(step, Draw)
        work.carry_out(step)
    report = lab.run()
    assert (report.status, report.images, len(report.cells), lab.drawn) == ("complete", 6, 6, 6)
    said = lab.opened[-1]  # who shows how far it is must know what the optimiser may still add
    assert (said.cells, said.images, said.there, said.is_open) == (6, 6, 2, True)
    assert lab.run().drawn == 0
    assert not lab.opened[-1].is_open


def test_a_run_that_cannot_begin_leaves_nothing_open(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    def refused(_work: Work) -> None:
        raise UsageError("experiment-none-open", "no run is open")

    lab.write(GRID + "judge: scores\n")
    monkeypatch.setattr(Work, "_begin", refused)
    with pytest.raises(UsageError):
        Work("demo/first")
    assert not [each for each in threading.enumerate() if each.name.startswith("scoring")]
