"""`darkroom experiment`: flags, exit codes, what is shown."""

import json
from collections.abc import Generator
from pathlib import Path

import pytest

from darkroom.apps import cli, console
from darkroom.apps.cli import experiment_screen
from darkroom.experiments import judging
from tests.experiments.lab_scenes import GRID, RULES, Lab, ReadingJudge, connected, failing_where
from tests.fakes.comfy_server import running_server


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Lab]:
    import flows.experiment as flow_module

    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.setattr(flow_module, "experiment", flow_module.experiment.fn)
    for task in ("open_experiment", "draw_cells", "close_experiment", "catch_up"):
        monkeypatch.setattr(flow_module, task, getattr(flow_module, task).fn)
    monkeypatch.setattr(flow_module, "show_experiment", lambda _work: None)  # Prefect's pages
    monkeypatch.setattr(flow_module, "show_grid", lambda _work, _report: None)
    judge = ReadingJudge()
    monkeypatch.setattr(judging, "judge_of", lambda *_: judge)
    with running_server() as (server, url), connected(Lab(tmp_path, server, url, judge)) as made:
        made.write()
        yield made


def run(*arguments: str) -> int:
    return cli.main(["experiment", *arguments])


def test_plan_run_show_and_run_again(lab: Lab, capsys: pytest.CaptureFixture[str]):
    assert run("plan", "demo/first") == console.Exit.DONE
    said = capsys.readouterr()
    assert "images           8" in said.out or "images         8" in said.out
    assert "nothing was drawn" in said.err
    assert run("run", "demo/first") == console.Exit.DONE
    said = capsys.readouterr()
    assert "demo/first: run" in said.err
    assert "8 of 8 images are there (8 drawn now)" in said.out
    best = said.out.splitlines()[1].split()
    assert best[:3] == ["9.0", "20", "100.0"]
    assert run("show", "demo/first", "--cells", "1") == console.Exit.DONE
    said = capsys.readouterr()
    assert "9.0" in said.out
    assert "... and 3 cells more" in said.err
    assert run("run", "demo/first") == console.Exit.DONE
    said = capsys.readouterr()
    assert "all 8 images are there" in said.err
    assert "no new run" in said.out


def test_json_gives_the_whole_report_and_no_talk(lab: Lab, capsys: pytest.CaptureFixture[str]):
    assert run("run", "demo/first", "--json") == console.Exit.DONE
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert (told["status"], told["drawn"], len(told["cells"])) == ("complete", 8, 4)
    assert said.err == ""
    assert run("plan", "demo/first", "--json") == console.Exit.DONE
    assert json.loads(capsys.readouterr().out)["there"] == 8


def test_what_failed_is_shown_and_ends_with_1(lab: Lab, capsys: pytest.CaptureFixture[str]):
    lab.server.work = failing_where(2.0)
    assert run("run", "demo/first") == console.Exit.NOT_ACCEPTED
    said = capsys.readouterr()
    assert "cfg=2.0, steps=4, seed 11:" in said.err
    assert "error [experiment-incomplete]: 4 of 8 images failed" in said.err
    assert run("resume", "demo/first") == console.Exit.NOT_ACCEPTED
    assert "goes on" in capsys.readouterr().err


def test_nothing_at_all_ends_with_3(lab: Lab, capsys: pytest.CaptureFixture[str]):
    lab.write("axes: {cfg: [2.0]}\nseeds: [1]\n")
    lab.server.work = failing_where(2.0)
    assert run("run", "demo/first") == console.Exit.UNREACHABLE
    assert "error [experiment-without-image]" in capsys.readouterr().err


def test_a_wrong_file_ends_with_2_and_every_mistake(lab: Lab, capsys: pytest.CaptureFixture[str]):
    lab.write("axes: {cfgg: [1.0]}\nseeds: 0\n")
    assert run("run", "demo/first") == console.Exit.USAGE
    said = capsys.readouterr().err
    assert "first.yaml:1: axes.cfgg" in said
    assert "first.yaml:2: seeds" in said


def test_there_is_nothing_to_resume(lab: Lab, capsys: pytest.CaptureFixture[str]):
    assert run("resume", "demo/first") == console.Exit.USAGE
    assert "experiment-none-open" in capsys.readouterr().err


def test_a_cut_run_says_how_it_goes_on(lab: Lab, capsys: pytest.CaptureFixture[str]):
    lab.write(GRID + "budget: {images: 5}\nrepeats: 2\n")
    assert run("plan", "demo/first") == console.Exit.DONE
    said = capsys.readouterr().out
    assert "11 images stay undrawn" in said
    assert run("run", "demo/first", "--test") == console.Exit.DONE
    assert "resume demo/first` goes on" in capsys.readouterr().err
    assert all(sidecar["is_test"] for sidecar in lab.sidecars())
    lab.write(GRID + "budget: {images: 5}\nrepeats: 2\n", rules=RULES.replace("Is", "Was"))
    assert run("plan", "demo/first") == console.Exit.DONE
    assert "5: the rules or the judge changed" in capsys.readouterr().out


def test_the_list_names_every_experiment(lab: Lab, capsys: pytest.CaptureFixture[str]):
    lab.write("adaptive: {trials: 2}\naxes: {cfg: {from: 1.0, to: 3.0}}", name="search")
    assert run("list") == console.Exit.DONE
    assert "demo/first" in capsys.readouterr().out
    assert run("plan", "demo/search") == console.Exit.DONE
    assert "at most 2, chosen by tpe" in capsys.readouterr().out


@pytest.mark.parametrize(("seconds", "shown"), [(9.6, "10 s"), (600, "10 min"), (5400, "1.5 h")])
def test_times_are_said_as_people_say_them(seconds: float, shown: str):
    assert experiment_screen.duration(seconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"), [(12, "12 bytes"), (878_000, "878 kB"), (2.5e12, "2.5 TB")]
)
def test_sizes_are_said_as_people_say_them(count: int, shown: str):
    assert experiment_screen.size(count) == shown
