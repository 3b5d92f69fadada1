"""`darkroom up` that cannot, and `darkroom down` that finds more than it started."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from darkroom.adapters.settings import open_lab
from darkroom.core.errors import OutsideError
from flows import laboratory
from flows.environment import RUN_ID
from flows.laboratory import FOLDER, Laboratory


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    return tmp_path


def test_a_port_that_is_taken_is_said_and_nothing_is_started(home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(OutsideError) as refused:
            Laboratory(open_lab(), port).up(lambda _part: None)
    assert refused.value.code == "port-taken"
    assert str(port) in refused.value.message
    assert laboratory.status(home) is None
    assert not (home / FOLDER / "state.json").exists()


@pytest.mark.parametrize("is_ours", [True, False], ids=["this-home", "another-home"])
def test_what_a_killed_worker_left_at_work_is_ended(home: Path, is_ours: bool) -> None:
    told = {**os.environ, RUN_ID: "0", "DARKROOM_HOME": str(home if is_ours else home / "other")}
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(
        command, env=told, stdin=-1, stdout=-1, start_new_session=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert laboratory.down(home) is is_ours
        assert (process.poll() is None) is not is_ours
        process.kill()


def test_where_nothing_runs_there_is_nothing_to_end(home: Path) -> None:
    assert not laboratory.down(home)
