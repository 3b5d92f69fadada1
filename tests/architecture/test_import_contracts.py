"""The import contracts hold, and each really catches what its name says."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.trees import ROOT

LINT = Path(sys.executable).with_name("lint-imports")

PLANTED = [
    ("darkroom/core/planted.py", "import requests", "The core is pure"),
    ("darkroom/core/planted.py", "import darkroom.adapters.renderer", "Imports run one way"),
    ("darkroom/adapters/planted.py", "import darkroom.apps.console", "Imports run one way"),
    ("darkroom/engine/planted.py", "import darkroom.adapters.renderer", "The engine stands apart"),
    ("darkroom/adapters/planted.py", "import darkroom.engine", "reached only over HTTP"),
    ("darkroom/adapters/planted.py", "import prefect", "Only flows, tasks and blocks know Prefect"),
]


def _contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(LINT), "--no-cache", "--no-logo"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copied_tree(tmp_path: Path) -> Path:
    for name in ("darkroom", "flows", "tasks", "blocks", "defaults", "analytics"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(("file", "line", "contract"), PLANTED)
def test_a_planted_violation_is_caught(
    copied_tree: Path, file: str, line: str, contract: str
) -> None:
    (copied_tree / file).write_text(f'"""Planted."""\n\n{line}\n', encoding="utf-8")
    checked = _contracts(copied_tree)
    assert checked.returncode == 1, checked.stdout
    broken = [row for row in checked.stdout.splitlines() if row.endswith("BROKEN")]
    assert any(contract in row for row in broken), checked.stdout


def test_every_contract_holds_today() -> None:
    checked = _contracts(ROOT)
    assert checked.returncode == 0, checked.stdout
