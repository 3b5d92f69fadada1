"""`darkroom run` and `darkroom rules`: flags, exit codes, what is shown."""

import json
import sys

import pytest

from darkroom.apps import cli, console
from darkroom.apps.cli import groups, rules, run, run_screen
from darkroom.core.decide import Try
from darkroom.core.evaluation import Evaluation, Verdict
from darkroom.core.jobs import Progress
from darkroom.core.tuning import Settings
from darkroom.core.wording import Prompts
from darkroom.runs.telling import Began, Drawing, Drew, Failed, Judged, Opened, Said, line_of
from tests.runs.run_scenes import Lab, connect

if run.register not in groups.COMMANDS:
    run.register(cli.app)
if "rules" not in groups.GROUPS:
    cli.app.add_typer(rules.app, name="rules")


@pytest.fixture
def lab(tmp_path, monkeypatch) -> Lab:
    made = connect(Lab(tmp_path), monkeypatch)
    made.write()
    import flows.iterate

    plain = flows.iterate.iterate.fn
    monkeypatch.setattr(flows.iterate, "iterate", plain)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    return made


def test_an_accepted_run_ends_with_0_and_shows_where_the_image_is(lab, capsys):
    assert cli.main(["run", "demo"]) == console.Exit.DONE
    said = capsys.readouterr()
    assert "best: iteration 3, score 100 of 100 -> projects/demo/output/output.png" in said.out
    assert "iteration 2: score 50 of 100, failed: dog" in said.err


def test_a_run_without_acceptance_ends_with_1(lab, capsys):
    lab.judge.script = [("hat",)]
    assert cli.main(["run", "--project", "demo"]) == console.Exit.NOT_ACCEPTED
    assert "error [not-accepted]" in capsys.readouterr().err


def test_a_run_without_any_image_ends_with_3(lab, capsys):
    lab.server.script(result="error")
    assert cli.main(["run", "demo"]) == console.Exit.UNREACHABLE
    assert "run-without-image" in capsys.readouterr().err


def test_json_gives_the_whole_report_and_no_talk(lab, capsys):
    assert cli.main(["run", "demo", "--json"]) == console.Exit.DONE
    said = capsys.readouterr()
    assert json.loads(said.out)["status"] == "accepted"
    assert said.err == ""


def test_a_dry_run_prints_the_plan(lab, capsys):
    assert cli.main(["run", "demo", "--dry-run"]) == console.Exit.DONE
    said = capsys.readouterr()
    assert "a, hat" in said.out
    assert "nothing was drawn" in said.err
    assert lab.server.submissions == []


@pytest.mark.parametrize(
    "flags", [[], ["demo", "--project", "other"], ["Demo"], ["demo", "--resume-from", "0"]]
)
def test_a_wrong_command_line_ends_with_2(lab, flags):
    assert cli.main(["run", *flags]) == console.Exit.USAGE


def test_ctrl_c_ends_with_130(lab, monkeypatch):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("flows.iterate.evaluate", stop)
    assert cli.main(["run", "demo"]) == console.Exit.INTERRUPTED


def test_rules_check_says_what_each_criterion_does(lab, capsys):
    assert cli.main(["rules", "check", "demo"]) == console.Exit.DONE
    out = capsys.readouterr().out
    assert "+hat" in out
    assert "positive: a, hat" in out


def test_rules_suggest_needs_a_model(lab, capsys):
    assert cli.main(["rules", "suggest", "demo"]) == console.Exit.USAGE
    assert "judge-cannot-chat" in capsys.readouterr().err


STEP = Try(2, Settings(0.5, 7.0, 20, 1, "euler", "normal"), Prompts("a", ""), "best", why="[red]x")
EVALUATION = Evaluation((Verdict("hat", True), Verdict("dog", False)), 50.0)
EVENTS = [
    Opened("demo", "2026-01-01_00-00-00", True, 1, 5, "fixed", "fake"),
    Began(STEP),
    Drawing(Progress("x", step=5, steps=20)),
    Drew(2, "demo/x.png", True),
    Judged(2, EVALUATION, 0.5),
    Failed(3, "the server \x1b[2J is down"),
    Said("done"),
]


def test_the_board_shows_the_iterations_and_never_acts_on_the_terminal():
    from rich.console import Console

    board = run_screen.Board()
    for event in EVENTS:
        board.hear(event)
    screen = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    screen.print(board.drawn())
    screen.file.close()
    shown = screen.export_text()
    assert "[red]x" in shown
    assert "dog" in shown
    assert "\x1b[2J" not in shown


def test_the_bar_follows_the_steps():
    board = run_screen.Board()
    board.hear(EVENTS[2])
    assert board.now == f"drawing {'#' * 6}{'.' * 18} 5/20"
    board.hear(Drawing(Progress("x")))
    assert board.now == "drawing "


def test_a_terminal_gets_the_live_board(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with run_screen.screen() as listener:
        for event in EVENTS:
            listener(event)
    assert "goes on after iteration 1" in capsys.readouterr().err


def test_every_event_but_a_hint_has_a_line():
    assert [line_of(event) is None for event in EVENTS] == [i == 2 for i in range(len(EVENTS))]
