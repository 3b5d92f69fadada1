"""`darkroom sql` keeps its limits where DuckDB does not."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from darkroom.adapters.settings import open_lab
from darkroom.apps import cli
from darkroom.archive.syncing import sync


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    sync(open_lab())
    return tmp_path


def asked(home: Path, statement: str, *options: str) -> tuple[int, str]:
    """The exit code and the code of the error; in a process of its own, which may be ended."""
    begin = "from darkroom.apps.cli import main; raise SystemExit(main())"
    command = [sys.executable, "-c", begin, "sql", statement, "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, json.loads(done.stderr.splitlines()[-1])["error"]["code"]


def test_a_text_longer_than_the_limit_is_refused_before_it_is_made(home: Path) -> None:
    found = asked(home, "SELECT repeat('x', 4000000000)", "--memory-mb", "64")
    assert found == (3, "warehouse-memory")


def test_a_function_that_does_not_look_at_the_clock_is_ended_all_the_same(home: Path) -> None:
    endless = "SELECT lpad('x', 2000000000, 'y')"
    assert asked(home, endless, "--timeout-s", "0.1") == (3, "sql-timeout")


def test_the_bounds_go_with_the_question(home: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    assert cli.main(["sql", "SELECT 1"]) == 0
    assert cli.main(["sql", "SELECT nothing"]) == 2
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
