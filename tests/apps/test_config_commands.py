"""`darkroom config` and `darkroom project`, from the outside."""

import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

from darkroom.apps import cli
from darkroom.apps.cli import config, project

CANARY = "sk-canary-4815162342"


@dataclass(frozen=True)
class Finished:
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Finished]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    app = typer.Typer()
    app.callback()(cli.root)
    app.add_typer(config.app, name="config")
    app.add_typer(project.app, name="project")
    monkeypatch.setattr(cli, "app", app)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("DARKROOM_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments: str, **environ: str) -> Finished:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        code = cli.main(arguments)
        return Finished(int(code), *capsys.readouterr())

    yield run
    signal.signal(signal.SIGTERM, before)


def test_a_project_is_made_listed_and_checked(run: Run) -> None:
    made = run("project", "create", "mine", "--from", "demo")
    assert (made.returncode, made.stdout) == (0, "created projects/mine\n")
    assert "rules.yaml" in made.stderr
    listed = run("project", "list", "--json")
    assert json.loads(listed.stdout)[0]["name"] == "mine"
    row = run("project", "list").stdout.splitlines()[1]
    assert row.split() == ["mine", "mine", "0", "projects/mine"]
    assert run("project", "check").stdout == "mine: no mistakes\n"
    checked = run("config", "check")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "project mine: no mistakes" in checked.stdout


def test_all_mistakes_end_in_one_error_with_exit_code_two(run: Run, tmp_path: Path) -> None:
    run("project", "create", "mine", "--from", "demo")
    config = tmp_path / "projects" / "mine" / "config"
    (config / "AIGen.yaml").write_text("parameters: {cgf: 5}\n", encoding="utf-8")
    (config / "AIVis.yaml").write_text("provider: no\n", encoding="utf-8")
    (tmp_path / "darkroom.yaml").write_text("storez: {}\n", encoding="utf-8")
    found = run("config", "check", "--json")
    assert (found.returncode, found.stdout) == (2, "")
    error = json.loads(found.stderr)["error"]
    assert error["code"] == "config-invalid"
    assert [(p["file"], p["line"], p["nearest"]) for p in error["problems"]] == [
        ("darkroom.yaml", 1, "store"),
        ("projects/mine/config/AIGen.yaml", 1, "cfg"),
        ("projects/mine/config/AIVis.yaml", 1, None),
    ]
    text = run("project", "check", "mine")
    assert "did you mean 'cfg'?" in text.stderr
    assert "Traceback" not in text.stderr


def test_show_explains_where_values_come_from(run: Run) -> None:
    run("project", "create", "mine", "--from", "demo")
    shown = run("config", "show", "--project", "mine", "--explain", "--set", "parameters.cfg=5")
    assert "  parameters.cfg: 5.0   <- --set\n" in shown.stdout
    assert "  parameters.steps: 16   <- projects/mine/config/AIGen.yaml:" in shown.stdout
    assert "  retries: 2   <- defaults/config/AIVis.yaml:" in shown.stdout
    assert "  canary: true   <- built in\n" in shown.stdout
    document = json.loads(run("config", "show", "--project", "mine", "--json").stdout)
    assert document["AIGen.yaml"]["parameters.seed"] is None
    assert document["prompts.yaml"]["system"].startswith("You examine")


def test_no_secret_is_ever_printed(run: Run, tmp_path: Path) -> None:
    run("project", "create", "mine", "--from", "demo")
    config = tmp_path / "projects" / "mine" / "config"
    (config / "AIVis.yaml").write_text(
        f"provider: openrouter\nmodel: m\napi_key: {CANARY}\n", encoding="utf-8"
    )
    (tmp_path / ".env").write_text(f"OPENAI_API_KEY={CANARY}\n", encoding="utf-8")
    outputs = [
        run(*arguments, DARKROOM_S3_SECRET_KEY=CANARY, OPENROUTER_API_KEY=CANARY)
        for arguments in (
            ("config", "show", "--project", "mine", "--explain", "--verbose"),
            ("config", "show", "--project", "mine", "--json"),
            ("config", "check", "--verbose"),
            ("project", "check", "mine"),
        )
    ]
    assert [output.returncode for output in outputs] == [0] * 4
    told = "".join(output.stdout + output.stderr for output in outputs)
    assert CANARY not in told
    assert "OPENROUTER_API_KEY: set (20 characters)   <- environment" in told
    assert "OPENAI_API_KEY: set (20 characters)   <- .env" in told
    assert "api_key: set (20 characters)" in told
    assert "chmod 600" in told
    (config / "AIVis.yaml").write_text(f"provider: x\napi_key: [{CANARY}\n", encoding="utf-8")
    assert CANARY not in run("config", "check", "--verbose").stderr


def test_a_refused_name_says_which_would_do(run: Run) -> None:
    refused = run("project", "create", "My Project")
    assert refused.returncode == 2
    assert "'my-project' would do" in refused.stderr


def test_without_projects_the_next_step_is_told(run: Run) -> None:
    assert "darkroom project create NAME" in run("project", "check").stderr
