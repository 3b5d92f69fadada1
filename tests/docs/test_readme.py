"""The commands in the README run, in order, and print what it shows.

A block fenced as `console` is a session: lines after `$ ` are typed, the rest is
the expected output, where `...` stands for anything. `make` is not typed here:
CI runs the tests through it, and the demo has a test of its own.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.trees import ROOT
from tests.fakes.unmeasured import unmeasured

SESSION = re.compile(r"```console\n(.*?)```", re.DOTALL)
NOT_TYPED = ("make ", "git clone", "cd ")


@dataclass(frozen=True)
class Typed:
    line: str
    output: str


def _typed_lines(text: str) -> list[Typed]:
    steps: list[Typed] = []
    for block in SESSION.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, output = part.partition("\n")
            steps.append(Typed(line, output))
    return [step for step in steps if not step.line.startswith(NOT_TYPED)]


@pytest.fixture
def newcomer(tmp_path: Path) -> Path:
    """A folder with the projects of the repository, as after a clone."""
    committed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "projects"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in committed.stdout.split():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    drawing = tmp_path / "projects/demo/config/AIGen.yaml"
    # a seed of its own would follow from the time, and one run in a thousand spends its budget
    drawing.write_text(drawing.read_text().replace("seed: null", "seed: 8"))
    return tmp_path


def _type(step: Typed, folder: Path) -> str:
    binaries = Path(sys.executable).parent
    # measured, the same lines would be counted again and Prefect's server take half as long again
    environment = unmeasured(os.environ) | {
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "xdg"),
    }
    done = subprocess.run(
        ["bash", "-c", step.line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{step.line}\n{done.stdout}{done.stderr}"
    return done.stdout


def _matches(expected: str, printed: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("..."))
    return re.fullmatch(pattern, printed.strip(), flags=re.DOTALL) is not None


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_command_of_the_readme_runs_and_prints_what_it_shows(newcomer: Path) -> None:
    steps = _typed_lines((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(steps) >= 3
    for step in steps:
        printed = _type(step, newcomer)
        assert _matches(step.output, printed), f"$ {step.line}\n{printed}"


def test_the_readme_opens_with_the_two_commands() -> None:
    opening = (ROOT / "README.md").read_text(encoding="utf-8")[:4000]
    assert "make demo" in opening
    assert "make test" in opening
