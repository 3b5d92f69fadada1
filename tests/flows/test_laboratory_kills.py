"""`darkroom up` with its keeper killed, and who is told when runs are killed: all of it real."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.recovery.checks import counted
from benchmarks.recovery.place import Place, parsed
from darkroom.adapters.processes import environments
from flows.environment import RUN_ID
from flows.recovering import GIVEN_UP, STARTS
from tests.fakes.s3_servers import free_port
from tests.fakes.webhook_receiver import Receiver, webhook_receiver

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with webhook_receiver() as made:
        yield made


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("a laboratory")
    (home / ".env").write_text(f"DARKROOM_NOTIFY_URL={receiver.url}\n")
    (home / "darkroom.yaml").write_text("notify: {allow_private: true}\n")
    made = Place(home, free_port())
    made.prepare(("first", "second"))
    made.up()
    yield made
    made.down()
    assert made.victims() == {}


def until(holds: Callable[[], bool], within_s: float = 700.0) -> None:
    ends_at = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends_at
        time.sleep(2)  # each look costs the server something


def processes_of(run: str) -> list[int]:
    return [pid for pid, known in environments().items() if known.get(RUN_ID) == run]


def begin(place: Place, project: str) -> str:
    run = place.deployed(project)
    until(lambda: bool(processes_of(run)))
    return run


def kill(run: str) -> None:
    for pid in processes_of(run):
        os.kill(pid, signal.SIGKILL)
    until(lambda: not processes_of(run))


def state(place: Place, run: str) -> tuple[str, str]:
    found = place.asked(lambda client: client.read_flow_run(run).state)
    return found.type.value, found.name


def keeper_killed(place: Place) -> dict[str, list[int]]:
    """Returns what lived before."""
    before = place.victims()
    for kind in ("keeper", "engine"):
        for pid in before[kind]:
            os.kill(pid, signal.SIGKILL)
    until(lambda: "keeper" not in place.victims())
    said = {
        row["part"]: row["condition"]
        for row in parsed(place.command("status", "--json", fine=(3,)))
    }
    assert said["prefect-server"] == said["worker"] == "left"
    return before


def test_what_a_killed_keeper_left_is_said_ended_and_started_anew(place: Place) -> None:
    before = keeper_killed(place)
    place.up()
    after = place.victims()
    for kind in ("prefect-server", "worker"):
        assert after[kind] != before[kind]
        assert not Path(f"/proc/{before[kind][0]}").exists()


def test_nobody_is_told_of_a_crash_that_mends_itself(place: Place, receiver: Receiver) -> None:
    run = begin(place, "first")
    until(lambda: state(place, run)[0] == "RUNNING")
    time.sleep(3)
    kill(run)
    until(lambda: state(place, run)[0] == "COMPLETED")
    until(lambda: bool(receiver.said))
    time.sleep(3)
    assert [(said["schema"], said["flow"]) for said in receiver.said] == [
        ("darkroom.notice/1", "iterate")
    ]
    receiver.bodies.clear()


def test_a_run_goes_on_without_its_worker(place: Place, receiver: Receiver) -> None:
    run = begin(place, "first")
    until(lambda: state(place, run)[0] == "RUNNING")
    (process,) = processes_of(run)
    for pid in place.victims()["worker"]:
        os.kill(pid, signal.SIGKILL)
    until(lambda: state(place, run)[0] == "COMPLETED")
    states = place.asked(lambda client: client.read_flow_run_states(run))
    said = [each.type.value for each in states]
    assert said.count("RUNNING") == 1, process
    until(lambda: bool(receiver.said))
    receiver.bodies.clear()


def test_a_run_that_is_given_up_is_told_of_once(place: Place, receiver: Receiver) -> None:
    run = begin(place, "second")
    for start in range(STARTS):
        until(lambda: bool(processes_of(run)) or state(place, run)[1] == GIVEN_UP)
        assert state(place, run)[1] != GIVEN_UP, start
        kill(run)
    until(lambda: state(place, run)[1] == GIVEN_UP)
    until(lambda: bool(receiver.said))
    time.sleep(5)
    (said,) = receiver.said
    assert (said["event"], said["flow"], said["status"]) == ("failed", "iterate", "given-up")
    assert said["link"].endswith(run)
    assert counted(place.home / "projects").damaged == 0


def test_down_after_a_killed_keeper_leaves_nothing(place: Place) -> None:
    keeper_killed(place)
    place.command("down")
    assert place.victims() == {}
    assert place.command("status", fine=(3,)) == "not running; `darkroom up` starts it\n"
