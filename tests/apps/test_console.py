import enum
import io
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

import pytest
from pydantic import BaseModel, SecretStr

from darkroom.apps import console
from darkroom.apps.console import Exit
from darkroom.apps.plain import plain
from darkroom.core.errors import ConfigError, Problem, SidecarDamaged, StoreUnavailable, UsageError

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _text_mode() -> None:
    console.configure(as_json=False, verbose=False)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_table_aligns_and_never_cuts(capsys: Captured) -> None:
    console.table(["name", "size"], [["a" * 100, 1], ["b\x1b[2J", None], [True, "x\ny"]])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "a" * 100 + "  1"
    assert lines[2].startswith("b\\x1b[2J ")
    assert lines[2].endswith("-")
    assert lines[3].split() == ["true", "x", "y"]


def test_data_goes_to_stdout_and_talk_to_stderr(capsys: Captured) -> None:
    console.emit({"n": 1}, lambda: console.say("one"))
    console.note("beside")
    console.warn("careful")
    out, err = capsys.readouterr()
    assert out == "one\n"
    assert err == "beside\nwarning: careful\n"


def test_json_mode_prints_only_json_on_stdout(capsys: Captured) -> None:
    console.configure(as_json=True, verbose=False)
    console.emit({"n": 1}, lambda: console.say("one"))
    console.note("beside")
    out, err = capsys.readouterr()
    assert json.loads(out) == {"n": 1}
    assert err == ""


def test_details_are_for_the_verbose(capsys: Captured) -> None:
    console.detail("hidden")
    console.configure(as_json=False, verbose=True)
    console.detail("shown")
    assert capsys.readouterr().err == "shown\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("usage", "x"), Exit.USAGE),
        (StoreUnavailable("usage", "x"), Exit.UNREACHABLE),
        (SidecarDamaged("usage", "x"), Exit.DAMAGED),
    ],
)
def test_each_family_of_errors_has_its_exit_code(error: UsageError, code: Exit) -> None:
    assert console.fail(error) is code


def test_an_error_says_what_where_and_what_instead(capsys: Captured) -> None:
    console.fail(UsageError("usage", "no \x1bthing", where="a.yaml:3", hint="do that"))
    assert capsys.readouterr().err == "error [usage] at a.yaml:3: no \\x1bthing\n  hint: do that\n"


def test_an_error_in_json_carries_code_and_hint(capsys: Captured) -> None:
    console.configure(as_json=True, verbose=False)
    console.fail(UsageError("usage", "no", hint="do that"))
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err)["error"]["code"] == "usage"
    assert json.loads(err)["error"]["hint"] == "do that"


def test_all_mistakes_of_all_files_are_listed(capsys: Captured) -> None:
    problems = (Problem("a.yaml", 1, "x", "bad"), Problem("b.yaml", 2, "y", "worse"))
    console.fail(ConfigError("usage", problems))
    err = capsys.readouterr().err
    assert "a.yaml:1: x: bad" in err
    assert "b.yaml:2: y: worse" in err


def test_the_cause_shows_only_when_verbose(capsys: Captured) -> None:
    error = UsageError("usage", "no")
    error.__cause__ = OSError("disk on fire")
    console.fail(error)
    assert "fire" not in capsys.readouterr().err
    console.configure(as_json=False, verbose=True)
    console.fail(error)
    assert "cause: OSError: disk on fire" in capsys.readouterr().err


def test_our_own_fault_shows_a_traceback_only_when_verbose(capsys: Captured) -> None:
    assert console.fail_unexpectedly(KeyError("k")) is Exit.OUR_MISTAKE
    quiet = capsys.readouterr().err
    assert "error [internal]: KeyError: 'k'" in quiet
    console.configure(as_json=False, verbose=True)
    console.fail_unexpectedly(KeyError("k"))
    assert "\nKeyError: 'k'\n" in capsys.readouterr().err


def test_progress_without_a_terminal_is_a_line_per_tenth(capsys: Captured) -> None:
    with console.progress("copying", 20) as advance:
        for _ in range(20):
            advance(1)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[-1] == "copying: 20 of 20"


def test_progress_within_one_thing_is_told_in_whole_things(capsys: Captured) -> None:
    with console.progress("drawing", 300, 100) as advance:
        for _ in range(30):
            advance(10)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["drawing: 1 of 3", "drawing: 2 of 3", "drawing: 3 of 3"]


def test_progress_of_nothing_and_in_json_says_nothing(capsys: Captured) -> None:
    with console.progress("copying", 0) as advance:
        advance(1)
    console.configure(as_json=True, verbose=False)
    with console.progress("copying", 10) as advance:
        advance(10)
    assert capsys.readouterr().err == ""


def test_progress_on_a_terminal_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with console.progress("copying", 2) as advance:
        advance(2)
    assert "copying" in terminal.getvalue()


def test_colours_are_for_terminals_and_can_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured, refused = Terminal(), Terminal()
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("sys.stderr", coloured)
    console.warn("x")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stderr", refused)
    console.warn("x")
    assert "\x1b[33m" in coloured.getvalue()
    assert "\x1b" not in refused.getvalue()


@dataclass(frozen=True)
class Sample:
    when: datetime
    value: float


class Model(BaseModel):
    path: PurePosixPath
    secret: SecretStr


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            Sample(datetime(2026, 1, 2, tzinfo=UTC), 1.5),
            {"when": "2026-01-02T00:00:00+00:00", "value": 1.5},
        ),
        (math.nan, None),
        ({1: (Colour.RED, Level.LOW)}, {"1": ["red", 3]}),
        (PurePosixPath("a/b"), "a/b"),
        (object, "<class 'object'>"),
    ],
)
def test_records_become_plain_json(value: object, expected: object) -> None:
    assert plain(value) == expected


def test_a_secret_in_a_model_stays_masked() -> None:
    shown = plain(Model(path=PurePosixPath("a"), secret=SecretStr("canary-7")))
    assert shown == {"path": "a", "secret": "**********"}
