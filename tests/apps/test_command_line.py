"""The root of the command line: parsing faults, exit codes, signals."""

import json

import pytest
import typer

from darkroom import __version__
from darkroom.apps import cli, console
from darkroom.apps.cli import door
from darkroom.core.errors import NotAccepted

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    """A command line with one command of every fate."""
    app = typer.Typer(rich_markup_mode=None, add_completion=False)

    def root() -> None: ...

    app.callback()(root)

    def fail(how: str) -> None:
        cut_short = ImportError("half loaded")
        cut_short.__cause__ = KeyboardInterrupt()
        raise {
            "not-accepted": NotAccepted("usage", "no image"),
            "bug": ZeroDivisionError("oops"),
            "ctrl-c": KeyboardInterrupt(),
            "ctrl-c while loading": cut_short,
            "pipe": BrokenPipeError(),
        }[how]

    door.command(app, "fail")(fail)
    door.command(app, "number")(lambda: 1)
    monkeypatch.setattr(cli, "app", app)
    return app


@pytest.mark.usefixtures("tried")
@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("not-accepted", 1),
        ("bug", 70),
        ("ctrl-c", 130),
        ("ctrl-c while loading", 130),
        ("pipe", 0),
    ],
)
def test_each_fate_has_its_exit_code(how: str, code: int) -> None:
    assert cli.main(["fail", how]) == code


@pytest.mark.usefixtures("tried")
def test_a_command_may_return_its_exit_code() -> None:
    assert cli.main(["number"]) == 1


@pytest.mark.usefixtures("tried")
def test_every_command_takes_json_and_verbose(capsys: Captured) -> None:
    assert cli.main(["fail", "bug", "--json", "--verbose"]) == 70
    told = json.loads(capsys.readouterr().err.splitlines()[0])["error"]
    assert (told["code"], told["exit_code"]) == ("internal", 70)


def test_an_unknown_command_is_a_usage_error_with_a_hint(capsys: Captured) -> None:
    assert cli.main(["nonsense"]) == 2
    err = capsys.readouterr().err
    assert "error [usage]" in err
    assert "--help" in err


def test_json_errors_come_even_for_a_line_that_cannot_be_parsed(capsys: Captured) -> None:
    assert cli.main(["nonsense", "--json"]) == 2
    assert json.loads(capsys.readouterr().err)["error"]["exit_code"] == 2


def test_nothing_asked_shows_the_help(capsys: Captured) -> None:
    assert cli.main([]) == 0
    assert "Usage: darkroom" in capsys.readouterr().out


def test_the_version_is_that_of_the_package(capsys: Captured) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"darkroom {__version__}\n"


def test_a_stop_signal_reads_like_ctrl_c() -> None:
    with pytest.raises(KeyboardInterrupt):
        cli._stop(15, None)
    console.configure(as_json=False, verbose=False)
