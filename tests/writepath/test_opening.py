"""The configured laboratory, a scripted ComfyUI over HTTP, and the command."""

import json

import pytest
import typer

from darkroom.adapters.comfyui import ComfyClient
from darkroom.adapters.project_creation import create_project
from darkroom.adapters.settings import open_lab
from darkroom.apps import console
from darkroom.apps.cli import reconcile as door
from darkroom.core.errors import DarkroomError
from darkroom.core.keys import RunKeys
from darkroom.writepath.batch import draw_batch
from darkroom.writepath.crashpoints import armed
from darkroom.writepath.draw import draw
from darkroom.writepath.opening import opened_desk, reconcile_lab
from darkroom.writepath.reconcile import ReconcileOptions
from tests.fakes.comfy_server import running_server
from tests.writepath.invariants import violations
from tests.writepath.scenes import a_job

KEYS = RunKeys("first", "2026-01-09_22-25-59")


class Crash(BaseException):
    pass


def crash():
    raise Crash


@pytest.fixture(autouse=True)
def _no_settling(monkeypatch):
    monkeypatch.setattr("darkroom.writepath.drive._settling_s", lambda *_: 0.0)


@pytest.fixture
def served():
    with running_server() as server:
        yield server


@pytest.fixture
def lab(tmp_path, monkeypatch, served):
    (tmp_path / "darkroom.yaml").write_text(f"hosts:\n  studio:\n    url: {served[1]}\n")
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    opened = open_lab()
    create_project(opened, "first")
    return opened


def died(lab, url, point, seed=1):
    with (
        opened_desk(lab) as desk,
        ComfyClient("studio", url) as client,
        armed(point, crash),
        pytest.raises(Crash),
    ):
        draw(a_job(seed, keys=KEYS), desk, client)


def command(*arguments):
    app = typer.Typer()
    app.callback()(lambda: None)
    door.register(app)
    return app(["reconcile", *arguments], standalone_mode=False)


@pytest.mark.parametrize("point", ["after-intent", "after-submit", "after-fetch", "after-image"])
def test_the_command_brings_a_crashed_job_to_its_end(lab, served, point, capsys):
    died(lab, served[1], point)
    assert command("--project", "first") == console.Exit.DONE
    assert KEYS.image(1) in capsys.readouterr().out
    assert violations(lab.projects) == []
    assert served[0].count("POST /prompt") <= 1
    assert command() == console.Exit.DONE
    assert "in order" in capsys.readouterr().out


def test_a_server_that_forgot_everything_draws_again(lab, served):
    died(lab, served[1], "after-submit")
    served[0].restart()
    (report,) = reconcile_lab(lab, "first")
    assert report.counts == {"resubmitted": 1}
    assert violations(lab.projects) == []


def test_a_server_that_is_away_is_told_by_the_exit_code(lab, served, tmp_path, capsys):
    died(lab, served[1], "after-submit")
    (tmp_path / "darkroom.yaml").write_text("hosts:\n  studio:\n    url: http://127.0.0.1:9\n")
    assert command("--no-wait") == console.Exit.UNREACHABLE
    assert "pending" in capsys.readouterr().out


def test_damage_is_told_by_the_exit_code(lab, served):
    died(lab, served[1], "after-submit")
    (lab.projects / KEYS.intent(a_job(1, keys=KEYS).key, 1)).write_text("")
    assert command() == console.Exit.DAMAGED


def test_json_holds_every_finding(lab, served, capsys):
    died(lab, served[1], "after-image")
    console.configure(as_json=True, verbose=False)
    try:
        command("--dry-run")
    finally:
        console.configure(as_json=False, verbose=False)
    (report,) = json.loads(capsys.readouterr().out)
    assert [finding["kind"] for finding in report["findings"]] == ["completed"]


def test_a_name_that_is_no_project_is_refused(lab):
    with pytest.raises(DarkroomError):
        reconcile_lab(lab, "../first")


def test_a_mistake_in_the_project_keeps_no_image_from_being_saved(lab, served):
    died(lab, served[1], "after-image")
    (lab.projects / "first" / "config" / "AIGen.yaml").write_text("nonsense: 1\n")
    (report,) = reconcile_lab(lab, "first", ReconcileOptions())
    assert report.counts == {"completed": 1}


def test_a_batch_over_http_keeps_two_at_most_in_the_queue(lab, served):
    with opened_desk(lab) as desk, ComfyClient("studio", served[1]) as client:
        jobs = [a_job(seed, keys=KEYS) for seed in range(1, 7)]
        results = draw_batch(jobs, desk, client)
    assert [result.image_key for result in results] == [KEYS.image(n) for n in range(1, 7)]
    assert violations(lab.projects) == []
