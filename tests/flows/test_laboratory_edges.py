"""`darkroom up` that cannot, and `darkroom down` that finds more than it started."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from darkroom.adapters.engine_process import engine_of
from darkroom.adapters.processes import started_at
from darkroom.adapters.settings import open_lab
from darkroom.adapters.supervision import PartState, Process, State
from darkroom.apps import cli
from darkroom.apps.console import Exit
from darkroom.core.errors import OutsideError
from flows import laboratory
from flows.environment import RUN_ID, WHOLE_LABORATORY
from flows.laboratory import FOLDER, SERVER, Laboratory


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


@pytest.mark.parametrize(
    ("keeper_lives", "address", "port"),
    [
        (False, "http://127.0.0.1:4310", 4310),
        (True, "http://127.0.0.1:4310", None),
        (False, None, None),
    ],
    ids=["keeper-killed", "kept", "had-none-yet"],
)
def test_the_port_of_a_laboratory_whose_keeper_was_killed_is_known(
    home: Path, keeper_lives: bool, address: str | None, port: int | None
) -> None:
    pid = os.getpid() if keeper_lives else 2**22 + 1
    keeper = Process(pid, started_at(pid) or "0@nowhere")
    folder = home / FOLDER
    folder.mkdir(parents=True)
    State(keeper, {SERVER: PartState(SERVER, "healthy", None, address=address)}).write(folder)
    assert laboratory.earlier_port(home) == port


def test_up_after_a_killed_keeper_uses_its_port_and_says_so(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as other:  # taken meanwhile, so that nothing is started
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        folder = home / FOLDER
        folder.mkdir(parents=True)
        server = PartState(SERVER, "healthy", None, address=f"http://127.0.0.1:{port}")
        State(Process(2**22 + 1, "0@nowhere"), {SERVER: server}).write(folder)
        assert cli.main(["up"]) == Exit.UNREACHABLE
    said = capsys.readouterr().err
    assert f"listens on port {port} again" in said
    assert f"port {port} cannot be used" in said
