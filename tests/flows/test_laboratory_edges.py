"""`darkroom up` that cannot, and `darkroom down` that finds more than it started."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from darkroom.adapters.engine_process import engine_of
from darkroom.adapters.settings import open_lab
from darkroom.adapters.supervision import PartState, Process, State
from darkroom.core.errors import OutsideError
from flows import laboratory
from flows.environment import RUN_ID, WHOLE_LABORATORY
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


@pytest.mark.parametrize("whose", ["ours", "another-home", "another-worker"])
def test_what_a_killed_worker_left_at_work_is_said_and_ended(home: Path, whose: str) -> None:
    told = {**os.environ, RUN_ID: "0123456789", WHOLE_LABORATORY: "1", "DARKROOM_HOME": str(home)}
    if whose == "another-home":
        told["DARKROOM_HOME"] = str(home / "other")
    if whose == "another-worker":
        del told[WHOLE_LABORATORY]
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(
        command, env=told, stdin=-1, stdout=-1, start_new_session=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        is_ours = whose == "ours"
        found = laboratory.left(open_lab())
        assert [part.name for part in found] == (["run 01234567"] if is_ours else [])
        assert laboratory.down(open_lab()) is is_ours
        assert (process.poll() is None) is not is_ours
        process.kill()


def test_an_engine_whose_keeper_was_killed_is_said_and_ended(home: Path) -> None:
    engine = engine_of(open_lab())
    started = engine.start()
    try:
        assert laboratory.left(open_lab()) == ()  # a person's own
        gone = Process(2**22 + 1, "0@nowhere")
        folder = home / FOLDER
        folder.mkdir(parents=True)
        State(gone, {"engine": PartState("engine", "healthy", gone)}).write(folder)
        (found,) = laboratory.left(open_lab())
        assert (found.name, found.address) == ("engine", started.url)
        assert laboratory.down(open_lab())
        assert engine.status() is None
    finally:
        engine.stop()


def test_where_nothing_runs_there_is_nothing_to_end(home: Path) -> None:
    assert laboratory.left(open_lab()) == ()
    assert not laboratory.down(open_lab())
