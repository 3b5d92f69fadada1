"""`darkroom up` that cannot, and `darkroom down` that finds more than it started."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from darkroom.adapters import engine_process, supervision
from darkroom.adapters.engine_process import engine_of
from darkroom.adapters.processes import started_at
from darkroom.adapters.scorers.resident_process import ResidentProcess
from darkroom.adapters.settings import open_lab
from darkroom.adapters.supervision import PartState, Plan, Process, State
from darkroom.apps import cli
from darkroom.apps.console import Exit
from darkroom.core.errors import OutsideError
from darkroom.scoring.configured import place_of
from flows import laboratory, refreshing
from flows.environment import RUN_ID, WHOLE_LABORATORY
from flows.laboratory import FOLDER, SERVER, Laboratory
from flows.refreshing import SET_UP


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


def test_the_process_that_scores_ends_with_the_laboratory(home: Path) -> None:
    scoring = ResidentProcess(place_of(open_lab()))
    scoring.converse("[]").sock.close()
    assert not laboratory.down(open_lab())  # nothing was up: it is a person's own
    told = {**os.environ, RUN_ID: "0123456789", WHOLE_LABORATORY: "1", "DARKROOM_HOME": str(home)}
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, env=told, stdin=-1, stdout=-1, start_new_session=True) as run:
        assert run.stdout is not None
        run.stdout.readline()
        assert laboratory.down(open_lab())
    assert not scoring.stop()


def test_an_engine_whose_keeper_was_killed_is_said_and_ended(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_process, "_ASK_WITHIN_S", 60.0)  # slow is not gone
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


def test_a_broken_file_keeps_nobody_from_looking_and_ending(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=-1, start_new_session=True
    ) as part:
        gone, process = (
            Process(2**22 + 1, "0@nowhere"),
            Process(part.pid, started_at(part.pid) or ""),
        )
        folder = home / FOLDER
        folder.mkdir(parents=True)
        State(gone, {"worker": PartState("worker", "healthy", process)}).write(folder)
        (home / "darkroom.yaml").write_text("hosts: 5\n")
        assert cli.main(["status"]) == Exit.UNREACHABLE
        said = capsys.readouterr()
        assert "worker" in said.out
        assert "darkroom.yaml:1: hosts" in said.err
        assert cli.main(["down"]) == Exit.DONE
        assert part.wait(60) is not None
        assert cli.main(["up"]) == Exit.USAGE


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


def test_what_was_changed_since_is_taken_over_by_the_next_up_and_once(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home / FOLDER
    folder.mkdir(parents=True)
    here = Process(os.getpid(), started_at(os.getpid()) or "")
    began = time.time()
    state = State(here, {SET_UP: PartState(SET_UP, "done", began_at=began)})
    assert not refreshing.is_outdated(home, folder, state)
    env = home / ".env"
    env.write_text("DARKROOM_NOTIFY_URL=http://127.0.0.1:9/\n")
    os.utime(env, (began + 1, began + 1))
    assert refreshing.is_outdated(home, folder, state)
    monkeypatch.setattr(refreshing, "COMMAND", (sys.executable, "-c", "raise SystemExit('no')"))
    with pytest.raises(OutsideError, match="could not be taken over"):
        refreshing.set_up_again(home, folder, {})
    assert "no" in (folder / "set-up.log").read_text()
    assert refreshing.is_outdated(home, folder, state)
    monkeypatch.setattr(
        refreshing, "COMMAND", (sys.executable, "-c", "import time; time.sleep(60)")
    )
    with monkeypatch.context() as brief:
        brief.setattr(refreshing, "START_WITHIN_S", 0.2)
        with pytest.raises(OutsideError, match="not ready within"):
            refreshing.set_up_again(home, folder, {})
    print_it = "import os; assert os.environ['TOLD'] == 'so'"
    monkeypatch.setattr(refreshing, "COMMAND", (sys.executable, "-c", print_it))
    refreshing.set_up_again(home, folder, {"TOLD": "so"})
    os.utime(folder / "set-up.done", (began + 2, began + 2))
    assert not refreshing.is_outdated(home, folder, state)


@pytest.mark.parametrize("is_begun", [True, False])
def test_who_no_longer_waits_is_told_what_goes_on_and_clients_find_it(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    is_begun: bool,
) -> None:
    def left_waiting(
        folder: Path, _home: Path, _plan: Plan, on_change: Callable[[PartState], None], **_: object
    ) -> State:
        if is_begun:
            here = Process(os.getpid(), started_at(os.getpid()) or "")
            server = PartState(SERVER, "healthy", here, address="http://127.0.0.1:4310")
            State(here, {SERVER: server}).write(folder)
            on_change(server)
        raise KeyboardInterrupt

    monkeypatch.setattr(supervision, "up", left_waiting)
    assert cli.main(["up"]) == Exit.INTERRUPTED
    said = capsys.readouterr().err
    assert ("`darkroom down` ends it" in said) is is_begun
    assert (home / "prefect.toml").exists() is is_begun
    (home / FOLDER / "state.json").unlink(missing_ok=True)
