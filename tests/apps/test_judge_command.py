"""`darkroom judge check` from the command line: the table, JSON and the exit code."""

import json
from pathlib import Path

import pytest

from darkroom.apps.cli import main
from darkroom.apps.console import Exit
from darkroom.core.controls import CONTROLS, ErrorRate, error_table, worst
from darkroom.runs import judge_check
from darkroom.runs.judge_check import JudgeCheck, Wanted
from tests.fakes.reading_judge import ReadingJudge
from tests.fakes.vision_server import Reply, vision_server


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "darkroom.yaml").write_text("{}\n")
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))


def test_the_embedded_judge_is_checked_without_naming_anything(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["judge", "check", "--count", "2"]) == Exit.DONE
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:8]] == list(CONTROLS)
    assert lines[-1] == "embedded/measuring: holds (0 requests, 0 tokens)"


def test_a_judge_that_fails_says_so_by_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with vision_server(Reply(500, {})) as server:
        server.think = ReadingJudge(obeys=True)
        told = ["--provider", "openai", "--model", "eyes", "--base-url", server.url]
        code = main(["judge", "check", *told, "--count", "2", "--json"])
    assert code == Exit.NOT_ACCEPTED
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert [row["verdict"] for row in found["table"] if row["control"] == "written"] == ["fails"]
    assert json.loads(shown.err)["error"]["message"] == "the judge fails: written"


def checked(table: tuple[ErrorRate, ...]) -> JudgeCheck:
    return JudgeCheck("openai", "eyes", 20, table, worst(table), True, 400, 9)


def test_a_doubtful_judge_is_no_failure_and_is_said_to_be_doubtful(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = error_table({"wrong": ["right"] * 17 + ["wrong"] * 3})
    monkeypatch.setattr(judge_check, "check_judge", lambda *_: checked(table))
    assert main(["judge", "check"]) == Exit.DONE
    shown = capsys.readouterr()
    assert "0.15  0.05-0.36  doubtful  sees what is not there" in shown.out
    assert "too few were asked" in shown.err
    assert "some answers came from the fallback" in shown.err


def test_every_flag_reaches_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Wanted] = []

    def check(wanted: Wanted, _advance: object) -> JudgeCheck:
        asked.append(wanted)
        return checked(error_table({"wrong": ["right"] * 20}))

    monkeypatch.setattr(judge_check, "check_judge", check)
    flags = ["--provider", "ollama", "--model", "m", "--base-url", "http://h:1", "--count", "7"]
    assert main(["judge", "check", "--project", "mine", "--holdout", *flags]) == Exit.DONE
    assert asked == [Wanted("mine", True, "ollama", "m", "http://h:1", 7)]
