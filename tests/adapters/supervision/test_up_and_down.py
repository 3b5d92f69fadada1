"""Starting and ending under odd circumstances: twice at once, after a restart of the machine."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from darkroom.adapters.processes import environments, exit_code_of, spawn, started_at
from darkroom.adapters.supervision import (
    Part,
    PartState,
    Plan,
    Process,
    State,
    control,
    down,
    end,
    ending,
    left,
    status,
    up,
)
from darkroom.adapters.supervision.state import read_state
from darkroom.core.errors import OutsideError, StoreError
from tests.fakes.until import until

SLEEPER = Part("sleeper", (sys.executable, "-c", "import time; time.sleep(600)"))


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is slow to end, on a machine that stands still, is waited for."""
    monkeypatch.setattr(ending, "FINAL_S", 60.0)
    monkeypatch.setattr(control, "POLITE_S", 60.0)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "a folder with blanks" / "up"
    yield folder
    down(folder)


def started(folder: Path) -> State:
    return up(folder, folder.parent, Plan((SLEEPER,)), lambda _part: None, 60.0)


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(SLEEPER.command, start_new_session=True) as process:
        yield process
        process.kill()


def test_two_that_start_it_at_once_start_it_once(lab: Path) -> None:
    found: list[State] = []
    threads = [threading.Thread(target=lambda: found.append(started(lab))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0].keeper == found[1].keeper
    assert found[0].parts["sleeper"].process == found[1].parts["sleeper"].process


def test_a_keeper_that_is_quicker_than_its_starter_is_believed(
    lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spawned(*arguments: Any) -> int:
        keeper = spawn(*arguments)
        until(lambda: (state := read_state(lab)) is not None and state.is_up)
        return keeper

    monkeypatch.setattr(control, "spawn", spawned)
    assert list(up(lab, lab.parent, Plan((SLEEPER,)), lambda _part: None, 5.0).parts) == ["sleeper"]


def test_a_terminal_that_closes_ends_nothing(lab: Path) -> None:
    keeper = started(lab).keeper
    os.kill(keeper.pid, signal.SIGHUP)
    time.sleep(0.5)
    assert status(lab) is not None
    os.kill(keeper.pid, signal.SIGINT)
    until(lambda: status(lab) is None)


def test_numbers_given_away_again_are_nobody_of_ours(
    lab: Path, bystander: subprocess.Popen[bytes]
) -> None:
    lab.mkdir(parents=True)
    other = Process(bystander.pid, "2521110@an-earlier-start-of-the-machine")
    State(other, {"sleeper": PartState("sleeper", "healthy", other)}).write(lab)
    assert (status(lab), left(lab)) == (None, None)
    assert not down(lab)
    State(other, {"sleeper": PartState("sleeper", "healthy", other)}).write(lab)
    assert started(lab).keeper.pid != bystander.pid
    down(lab)
    assert bystander.poll() is None


def test_a_start_that_is_refused_leaves_nothing(lab: Path) -> None:
    def refuse() -> None:
        raise OutsideError("laboratory-busy", "not now")

    with pytest.raises(OutsideError):
        up(lab, lab.parent, Plan((SLEEPER,)), lambda _part: None, check=refuse)
    assert status(lab) is None
    assert [file.name for file in lab.iterdir()] == ["lock"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StoreError) as refused:
        started(tmp_path / "taken" / "up")
    assert "taken" in str(refused.value.where)


def test_a_child_that_was_seen_as_a_zombie_still_tells_how_it_ended(tmp_path: Path) -> None:
    pid = spawn([sys.executable, "-c", "raise SystemExit(7)"], tmp_path / "log")
    stat = Path(f"/proc/{pid}/stat")
    until(lambda: ") Z " in stat.read_text())
    assert exit_code_of(pid) == 7
    assert started_at(pid) is None


def test_what_a_process_was_told_can_be_read(tmp_path: Path) -> None:
    told = {**os.environ, "MARK_OF_THIS_TEST": "a = b"}
    with subprocess.Popen([sys.executable, "-c", "input()"], env=told, stdin=-1) as process:
        until(lambda: environments().get(process.pid, {}).get("MARK_OF_THIS_TEST") == "a = b")
        process.kill()


PARENT = Part(
    "parent",
    (
        sys.executable,
        "-c",
        "import subprocess, sys, time;"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); time.sleep(600)",
    ),
)


def killed(process: Process) -> None:
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: not process.lives)


@pytest.mark.parametrize("leader_dies", [False, True], ids=["keeper", "keeper-and-leader"])
@pytest.mark.parametrize("again", [False, True], ids=["down", "up"])
def test_what_a_killed_keeper_left_is_said_and_ended(
    lab: Path, leader_dies: bool, again: bool
) -> None:
    state = up(lab, lab.parent, Plan((PARENT,)), lambda _part: None, 60.0)
    parent = state.parts["parent"].process
    assert parent is not None
    until(lambda: len(parent.group) == 2)
    assert left(lab) is None  # somebody keeps it
    killed(state.keeper)
    if leader_dies:
        killed(parent)
    found = left(lab)
    assert found is not None
    assert [part.condition for part in found.parts.values()] == ["left"]
    assert status(lab) is None
    if again:
        told: list[PartState] = []
        up(lab, lab.parent, Plan((SLEEPER,)), told.append, 60.0)
        assert (told[0].name, told[0].condition) == ("parent", "stopped")
    else:
        assert down(lab) is True
    until(lambda: parent.group == [])
    assert left(lab) is None


DEAF = """
import signal, subprocess, sys, time
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("here", flush=True)
time.sleep(600)
"""


def test_what_does_not_hear_is_ended_with_all_it_started() -> None:
    command = [sys.executable, "-c", DEAF]
    with subprocess.Popen(command, stdout=-1, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        deaf = Process(process.pid, started_at(process.pid) or "")
        assert len(deaf.group) == 2
        assert end(deaf, polite_s=0.1)
        assert deaf.group == []


TAKES_ALONG = """
import os, signal, subprocess, sys, time
own = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
                       start_new_session=True)
def stopped(*_):
    own.kill()
    sys.exit()
signal.signal(signal.SIGTERM, stopped)
open(sys.argv[1], "w").write(str(own.pid))
time.sleep(600)
"""


@pytest.mark.parametrize("outlived", [False, True])
def test_what_is_outlived_is_not_asked_to_end_where_it_is_replaced(
    lab: Path, tmp_path: Path, outlived: bool
) -> None:
    said = tmp_path / "own"
    part = Part("taker", (sys.executable, "-c", TAKES_ALONG, str(said)), is_outlived=outlived)
    state = up(lab, lab.parent, Plan((part,)), lambda _part: None, 60.0)
    until(lambda: said.exists() and bool(said.read_text()))
    own = Process(int(said.read_text()), started_at(int(said.read_text())) or "")
    killed(state.keeper)
    said.unlink()
    again = up(lab, lab.parent, Plan((part,)), lambda _part: None, 60.0)
    assert again.parts["taker"].process != state.parts["taker"].process
    if outlived:
        assert own.lives
        killed(own)
    until(lambda: not own.lives)
    until(lambda: said.exists() and bool(said.read_text()))
    own = Process(int(said.read_text()), started_at(int(said.read_text())) or "")
    assert down(lab)  # here it is asked, and takes along what it started
    until(lambda: not own.lives)
