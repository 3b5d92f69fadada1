"""Plans, and experiments that cannot be: everything is told before anything is drawn."""

import pytest

from darkroom.adapters.settings import open_lab
from darkroom.core.errors import ConfigError, DarkroomError, DataError, UsageError
from darkroom.experiments.declared import list_declared, read_declared, split
from darkroom.experiments.planning import plan
from darkroom.experiments.standing import standing
from tests.experiments.lab_scenes import GRID, RULES, Lab, failing_where


def test_a_plan_counts_everything_and_writes_nothing(lab: Lab):
    found = plan("demo/first")
    assert (found.images, found.there, found.to_draw, found.seeds) == (8, 0, 8, (11, 22))
    assert (found.hosts, found.models) == (("studio",), ("sd15/base-v1.safetensors",))
    assert [cell.missing for cell in found.cells] == [2, 2, 2, 2]
    assert "guess" in found.estimate.seconds_from
    assert (lab.drawn, lab.sidecars()) == (0, [])
    assert not list(lab.home.glob("projects/demo/working/experiments/*/*"))


def test_a_plan_knows_what_is_there_and_how_long_it_took(lab: Lab):
    lab.run()
    lab.write(GRID.replace("[2.0, 9.0]", "[1.0, 2.0, 9.0]"))
    found = plan("demo/first")
    assert (found.images, found.there, found.to_draw) == (12, 8, 4)
    assert found.estimate.seconds_from == "8 images of this experiment"
    assert found.estimate.seconds > 0
    lab.write(name="other", text="axes: {cfg: [3.0]}\n")
    assert "of this project with the same model" in plan("demo/other").estimate.seconds_from


def test_a_plan_tells_what_is_judged_again_cut_and_gone_on_with(lab: Lab):
    lab.server.work = failing_where(2.0)
    run = lab.run().run_id
    lab.write(GRID + "budget: {images: 5}\n")
    found = plan("demo/first")
    assert (found.goes_on_with, found.cut, found.to_draw) == (run, 3, 1)
    lab.write(rules=RULES.replace("Is it red?", "Is it very red?"))
    assert plan("demo/first").again == 4


def test_seeds_that_are_not_drawn_yet_are_a_number(lab: Lab):
    lab.write("axes: {cfg: [2.0]}\nseeds: 4\n")
    assert plan("demo/first").seeds == 4


def test_a_plan_of_an_adaptive_experiment_counts_its_trials(lab: Lab):
    lab.write("axes: {cfg: {from: 1.0, to: 9.0}}\nseeds: 2\nadaptive: {trials: 5}\n")
    found = plan("demo/first")
    assert (found.cells, found.images, found.to_draw) == ((), 10, 10)
    assert found.models == ("sd15/base-v1.safetensors",)
    lab.write("axes: {cfg: [1.0, 9.0]}\nseeds: [1, 2, 3, 4, 5]\n")
    assert found.estimate == plan("demo/first").estimate  # as many images of the same size


def test_a_plan_says_what_its_optimiser_lacks_here(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    lab.write("axes: {cfg: {from: 1.0, to: 9.0}}\nadaptive: {sampler: gp}\n")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert "`gp` needs torch" in plan("demo/first").warnings[-1]


def test_what_an_optimiser_cannot_choose_is_told_before_it_chooses(lab: Lab):
    lab.write("axes: {sampler: [euler, eulr, ddim]}\nseeds: 1\nadaptive: {trials: 2}\n")
    with pytest.raises(DarkroomError, match="'eulr'") as told:
        plan("demo/first")
    assert told.value.code == "preflight-failed"


@pytest.mark.parametrize(
    ("seeds", "rule", "said"),
    [
        (2, "target: 95", "it never does"),
        (3, "interval: 200", "it ends every cell after 3 seeds"),
        (3, "target: 95, interval: 20", None),
        (2, "after: 5", None),
    ],
)
def test_a_stop_rule_that_never_or_always_counts_is_said(
    lab: Lab, seeds: int, rule: str, said: str | None
):
    lab.write(f"axes: {{cfg: [2.0]}}\nseeds: {seeds}\nstop: {{{rule}}}\n")
    told = [each for each in plan("demo/first").warnings if each.startswith("stop:")]
    assert [said in each for each in told] == ([True] if said else [])


@pytest.mark.parametrize(
    ("text", "code", "complaint"),
    [
        ("axes: {sampler: [euler, eulr]}", "preflight-failed", "(in 1 of 2 cells"),
        ("axes: {nope.cfg: [1.0]}", "workflow-setting", "no node is called 'nope'"),
        ("axes: {3.cgf: [1.0]}", "workflow-setting", "did you mean 'cfg'"),
        ("axes: {3.steps: [many]}", "preflight-failed", "must be a number"),
        ("axes: {guidance: [1.0]}", "workflow-role", "has no place for guidance"),
        ("loras: {nowhere.safetensors: 1}", "preflight-failed", "nowhere.safetensors"),
        ("workflow: gone.json", "config-invalid", "neither in the project"),
        ("workflow: workflows/img2img_no_mask_api.json", "config-invalid", "starts from an image"),
        ("hosts: [nobody]", "generate-host", "no host of darkroom.yaml"),
        ("preset: nobody", "generate-preset", "no preset"),
        (
            "refine: {strategy: progressive}\njudge: scores\naxes: {steps: [4]}",
            "experiment-size",
            "also an axis",
        ),
        (
            "refine: {strategy: seed_search}\njudge: scores\nrepeats: 1\nseeds: [1, 2]",
            "experiment-size",
            "seeds of its own",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is(
    lab: Lab, text: str, code: str, complaint: str
):
    lab.write(text if "seeds" in text else f"{text}\nseeds: [1]\n")
    with pytest.raises(DarkroomError) as told:
        lab.run()
    shown = told.value.message
    if isinstance(told.value, ConfigError):
        shown = " ".join(str(each) for each in told.value.problems)
    assert (told.value.code, lab.drawn) == (code, 0), shown
    assert complaint in shown


def test_a_lora_axis_adds_a_loader_unless_its_strength_is_0(lab: Lab):
    names = lab.server.catalogue["LoraLoader"]["input"]["required"]["lora_name"][0]
    lab.write(f"axes: {{'lora:{names[0]}': [0, 0.5]}}\nseeds: [1]\n")
    report = lab.run()
    assert report.drawn == 2
    strengths = [sidecar["parameters"]["loras"] for sidecar in lab.sidecars()]
    assert sorted(len(each) for each in strengths) == [0, 1]
    assert [each[0]["strength"] for each in strengths if each] == [0.5]


def test_single_inputs_and_linked_ones_reach_the_graph(lab: Lab):
    lab.write(
        "axes:\n  3.cfg: [4.5]\n  size: {targets: [width, height], values: [[128, 64]]}\n"
        "settings: {sampler: dpmpp_2m}\nseeds: [1]\n"
    )
    lab.run()
    (sidecar,) = lab.sidecars()
    assert sidecar["parameters"]["cfg"] == 4.5
    assert sidecar["parameters"]["resolution"] == [128, 64]
    assert sidecar["parameters"]["sampler"] == "dpmpp_2m"
    assert sidecar["experiment"]["labels"] == {"3.cfg": 4.5, "size": "128x64"}


def test_all_mistakes_of_the_experiment_and_of_its_project_are_told(lab: Lab):
    lab.write("seeds: 0\naxes: {cfgg: [1.0]}\n", rules="project: {name: demo, max: 3}\n")
    with pytest.raises(ConfigError) as told:
        read_declared(open_lab(), "demo/first")
    files = {problem.file.rpartition("/")[2] for problem in told.value.problems}
    assert files == {"rules.yaml", "first.yaml"}
    assert len(told.value.problems) >= 3


def test_names_of_nothing_are_told_with_all_other_mistakes(lab: Lab):
    lab.write(
        "repeats: 0\nhosts: [studio, studoi]\npreset: nobody\nworkflow: gone.json\n"
        "axes: {cfg: [1.0]}\n"
    )
    with pytest.raises(ConfigError) as told:
        plan("demo/first")
    said = [(each.line, each.key) for each in told.value.problems]
    assert sorted(said) == [(1, "repeats"), (2, "hosts"), (3, "preset"), (4, "workflow")]
    assert any("did you mean 'studio'" in each.message for each in told.value.problems)


def test_every_input_that_is_not_there_is_told(lab: Lab):
    lab.write("axes: {nope.cfg: [1.0], 3.cgf: [1.0], guidance: [1.0]}\nseeds: [1]\n")
    with pytest.raises(DarkroomError) as told:
        plan("demo/first")
    assert all(each in told.value.message for each in ("'nope'", "'cfg'", "guidance"))
    assert told.value.where.endswith("first.yaml")


def test_constraints_that_leave_nothing_are_told_with_their_file(lab: Lab):
    lab.write("axes: {cfg: [1.0]}\nconstraints: [cfg > 5]\n")
    with pytest.raises(UsageError) as told:
        plan("demo/first")
    assert told.value.where.endswith("first.yaml")
    assert "loosen" in told.value.hint


@pytest.mark.parametrize("name", ["demo", "demo/First", "a/b/c", "", "demo/"])
def test_what_names_no_experiment_is_refused(name: str):
    with pytest.raises(UsageError, match="does not name an experiment"):
        split(name)


def test_the_path_of_the_file_names_it_as_well():
    assert split("projects/demo/experiments/first.yaml") == ("demo", "first")


def test_an_unknown_experiment_is_told_with_the_nearest(lab: Lab):
    with pytest.raises(UsageError, match="did you mean 'first'"):
        read_declared(open_lab(), "demo/frist")
    (lab.home / "projects/demo/experiments/first.yaml").unlink()
    with pytest.raises(UsageError, match="there are none"):
        read_declared(open_lab(), "demo/first")


def test_the_list_shows_wrong_files_as_well(lab: Lab):
    lab.write(GRID + "description: what for\n")
    lab.write("seeds: 0", name="wrong")
    (lab.home / "projects/demo/experiments/away.yaml").symlink_to("/etc/hostname")
    found = {each.name: each for each in list_declared(open_lab())}
    assert found["demo/first"].description == "what for"
    assert found["demo/wrong"].mistakes == 1
    assert found["demo/away"].mistakes == 1
    assert list_declared(open_lab(), "demo") == list(found.values())


def test_an_experiment_stands_as_its_latest_run_left_it(lab: Lab):
    with pytest.raises(UsageError, match="has no run yet"):
        standing("demo/first")
    lab.server.work = failing_where(2.0)
    lab.run()
    report = standing("demo/first").report
    assert (report.status, report.images, len(report.failures)) == ("incomplete", 4, 4)
    assert report.cells[0].labels == {"cfg": 9.0, "steps": 20}
    assert report.cells[0].score == 100.0
    assert "resumed" in report.reason


def test_an_experiment_by_quality_stands_out_of_ten(lab: Lab):
    lab.write("axes: {cfg: [2.0]}\nseeds: [1]\njudge: none\n")
    lab.run()
    found = standing("demo/first")
    assert (found.scale, found.report.status) == (10.0, "complete")


@pytest.mark.parametrize("text", ["[]", "{", '{"schema": "x"}', '{"entries": 3, "at": "x"}'])
def test_a_damaged_plan_is_said(lab: Lab, text: str):
    lab.run()
    (path,) = lab.home.glob("projects/demo/working/experiments/first/*.json")
    path.write_text(text)
    with pytest.raises(DataError) as told:
        standing("demo/first")
    assert told.value.code == "experiment-document-damaged"


def test_a_damaged_event_is_said_and_a_strange_one_passed_over(lab: Lab):
    lab.run()
    (path,) = lab.home.glob("projects/demo/working/*/experiment/*.json")
    path.write_text('{"kind": "invented later"}')
    assert standing("demo/first").report.images == 8
    path.write_text('{"kind": "failed"}')
    with pytest.raises(DataError):
        standing("demo/first")
