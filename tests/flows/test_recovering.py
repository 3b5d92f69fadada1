"""Which flow runs go on after a crash, with a real Prefect server and real processes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.flows import Flow
from prefect.states import Completed, Crashed, Pending, Running

from darkroom.adapters import supervision
from darkroom.adapters.processes import started_at
from darkroom.adapters.supervision import PartState, Process
from darkroom.runs.checkpoint import Checkpoint, write_checkpoint
from flows import laboratory
from flows.environment import WHOLE_LABORATORY
from flows.recovering import GIVEN_UP, STARTS, Recovered, recover
from flows.stuck import FOLDER, call_crashed

RUN = "2026-01-09_22-25-59"
LATER = timedelta(minutes=5)


@pytest.fixture
def client(prefect_server: None) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as made:
        yield made


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.delenv(WHOLE_LABORATORY, raising=False)
    (tmp_path / FOLDER).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def all_workers_are_here(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WHOLE_LABORATORY, "1")


def named(name: str) -> Flow[[], None]:
    return flow(name=name)(_nothing)


def _nothing() -> None:
    return


@pytest.fixture
def begun(client: SyncPrefectClient) -> Callable[..., UUID]:
    """A run of a deployment that is in some state, after so many starts."""

    def make(*states: State, name: str = "iterate") -> UUID:
        known = client.create_flow(named(name))
        deployment = client.create_deployment(known, f"test-{uuid4()}")
        run = client.create_flow_run_from_deployment(deployment)
        for state in states:
            client.set_flow_run_state(run.id, state, force=True)
        return run.id

    return make


def state_of(client: SyncPrefectClient, name: UUID) -> str:
    state = client.read_flow_run(name).state
    assert state is not None
    return state.type.value


def record(home: Path, name: UUID, pid: int, began: str | None = None, **more: object) -> Path:
    file = home / FOLDER / f"{name}.json"
    said = {"pid": pid, "began": began or started_at(pid) or "gone", **more}
    file.write_text(json.dumps(said))
    return file


def after(client: SyncPrefectClient, home: Path) -> Recovered:
    return recover(client, home, datetime.now(UTC) + LATER)


@pytest.mark.parametrize("name", ["iterate", "sync"])
def test_a_crashed_run_that_can_go_on_is_started_again(client, home, begun, name):
    run = begun(Running(), Crashed(), name=name)
    said = recover(client, home)
    assert state_of(client, run) == "SCHEDULED"
    assert len(said.started_again) >= 1


def test_a_flow_that_would_begin_anew_is_left_as_it_is(client, home, begun):
    run = begun(Running(), Crashed(), name="patterns")
    recover(client, home)
    assert state_of(client, run) == "CRASHED"


def test_a_run_that_keeps_killing_its_process_is_given_up(client, home, begun):
    run = begun(*[state() for _ in range(STARTS) for state in (Running, Crashed)])
    said = recover(client, home)
    assert state_of(client, run) == "CRASHED"
    assert client.read_flow_run(run).name in said.given_up
    assert client.read_flow_run(run).state.name == GIVEN_UP
    assert client.read_flow_run(run).name not in recover(client, home).given_up


def test_a_run_taken_for_dead_whose_process_lives_is_running(client, home, begun):
    run = begun(Running(), Crashed())
    record(home, run, os.getpid())
    recover(client, home)
    assert state_of(client, run) == "RUNNING"


def test_a_run_that_ended_while_the_server_was_away_is_completed(client, home, begun):
    run = begun(Running(), Crashed())
    record(home, run, 2**22 + 1, ended="completed")
    recover(client, home)
    assert state_of(client, run) == "COMPLETED"


@pytest.mark.parametrize(
    ("checkpoint", "state"),
    [
        (Checkpoint(RUN), "SCHEDULED"),
        (Checkpoint(RUN, "accepted"), "COMPLETED"),
        (Checkpoint("2026-02-01_00-00-00"), "COMPLETED"),
    ],
    ids=["open", "closed", "another-run-since"],
)
def test_what_it_carried_decides_whether_it_goes_on(client, home, begun, checkpoint, state):
    folder = home / "projects/demo"
    folder.mkdir(parents=True)
    write_checkpoint(folder, checkpoint, "2026-01-09T22:25:59Z")
    run = begun(Running(), Crashed())
    record(home, run, 2**22 + 1, carries=f"demo/{RUN}", is_told=True)
    recover(client, home)
    assert state_of(client, run) == state


def test_where_all_workers_are_here_a_run_without_process_is_crashed_and_goes_on(
    client, home, begun, monkeypatch
):
    runs = [begun(Running()), begun(Pending())]
    after(client, home)
    assert [state_of(client, run) for run in runs] == ["RUNNING", "PENDING"]
    monkeypatch.setenv(WHOLE_LABORATORY, "1")
    assert len(after(client, home).crashed) >= len(runs)
    assert [state_of(client, run) for run in runs] == ["SCHEDULED"] * 2


def test_a_run_whose_process_is_here_is_left_alone(client, home, begun, monkeypatch):
    monkeypatch.setenv(WHOLE_LABORATORY, "1")
    run = begun(Running())
    known = {**os.environ, "PREFECT__FLOW_RUN_ID": str(run)}
    with subprocess.Popen([sys.executable, "-c", "input()"], env=known, stdin=-1) as process:
        after(client, home)
        assert state_of(client, run) == "RUNNING"
        process.kill()
    after(client, home)
    assert state_of(client, run) == "SCHEDULED"


@pytest.mark.parametrize(
    ("taken", "began", "state"),
    [("before", "now", "SCHEDULED"), ("after", "now", "PENDING"), ("before", None, "PENDING")],
    ids=["taker-is-gone", "taker-lives", "no-worker-is-kept"],
)
@pytest.mark.usefixtures("all_workers_are_here")
def test_a_run_goes_on_at_once_whose_taker_is_known_to_be_gone(
    client, home, begun, taken, began, state
):
    run = begun(Pending())
    since = datetime.now(UTC).timestamp() + (60 if taken == "before" else -60)
    me = Process(os.getpid(), started_at(os.getpid()) or "")
    folder = home / laboratory.FOLDER
    folder.mkdir(parents=True)
    worker = PartState("worker", "healthy", me if began else None, began_at=since)
    supervision.State(me, {"worker": worker}).write(folder)
    recover(client, home)
    assert state_of(client, run) == state


@pytest.mark.usefixtures("all_workers_are_here")
def test_a_run_that_says_it_runs_and_has_no_process_goes_on_at_once(client, home, begun):
    run = begun(Running())
    recover(client, home)
    assert state_of(client, run) == "SCHEDULED"


def test_a_run_that_was_begun_just_now_is_given_time(client, home, begun, monkeypatch):
    monkeypatch.setenv(WHOLE_LABORATORY, "1")
    run = begun(Pending())
    said = recover(client, home)
    assert state_of(client, run) == "PENDING"
    assert client.read_flow_run(run).name in said.too_early


@pytest.mark.parametrize(
    ("later", "state"), [(LATER, "PENDING"), (LATER * 3, "CRASHED")], ids=["soon", "late"]
)
def test_what_a_killed_command_had_made_and_not_begun_is_crashed(client, home, later, state):
    run = client.create_flow_run(named("iterate"), state=Pending()).id
    recover(client, home, datetime.now(UTC) + later)
    recover(client, home, datetime.now(UTC) + later)
    assert state_of(client, run) == state  # and is not begun by anybody else


def test_a_completed_run_is_never_started_again(client, home, begun):
    run = begun(Running(), Completed())
    record(home, run, 2**22 + 1)
    call_crashed(home / FOLDER)
    recover(client, home)
    assert state_of(client, run) == "COMPLETED"


@pytest.mark.parametrize(
    ("more", "state", "stays"),
    [
        ({}, "CRASHED", False),
        ({"carries": f"demo/{RUN}"}, "CRASHED", True),
        ({"ended": "completed", "carries": f"demo/{RUN}"}, "COMPLETED", False),
        ({"ended": "failed"}, "FAILED", False),
    ],
    ids=["died", "died-in-a-run", "ended-unheard", "failed-unheard"],
)
def test_prefect_is_told_how_it_ended(client, home, begun, more, state, stays):
    run = begun(Running())
    file = record(home, run, 2**22 + 1, **more)
    assert call_crashed(home / FOLDER) == 1
    assert state_of(client, run) == state
    assert file.exists() is stays
    assert call_crashed(home / FOLDER) == 0
