"""Runs that a worker took and never began are begun again, with a real Prefect server."""

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
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import State
from prefect.states import Crashed, Pending

from flows.environment import RUN_ID, WHOLE_LABORATORY
from flows.recovering import GIVEN_UP, STARTS, recover
from flows.unbegun import MY_WORKER, TAKEN_BY

POOL = f"pool-{uuid4()}"
ONE, TWO, THREE, TWELVE = (timedelta(minutes=minutes) for minutes in (1, 2, 3, 12))


@pytest.fixture
def client(prefect_server: None) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as made:
        made.create_work_pool(WorkPoolCreate(name=POOL, type="process"), overwrite=True)
        for name, every_s in (("reports", 900), ("silent", 30)):
            beat = {"name": name, "heartbeat_interval_seconds": every_s}
            route = f"/work_pools/{POOL}/workers/heartbeat"
            made._client.post(route, json=beat).raise_for_status()
        yield made


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.delenv(WHOLE_LABORATORY, raising=False)
    monkeypatch.delenv(MY_WORKER, raising=False)
    return tmp_path


@pytest.fixture
def taken(client: SyncPrefectClient) -> Callable[..., UUID]:
    """A run that a worker of the pool has taken."""

    def take(worker: str | None, *states: State, name: str = "iterate") -> UUID:
        known = client.create_flow(flow(name=name)(lambda: None))
        deployment = client.create_deployment(known, f"test-{uuid4()}", work_pool_name=POOL)
        run = client.create_flow_run_from_deployment(deployment)
        if worker is not None:
            client.update_flow_run_labels(run.id, {TAKEN_BY: worker})
        for state in states or (Pending(),):
            client.set_flow_run_state(run.id, state, force=True)
        return run.id

    return take


def after(client: SyncPrefectClient, home: Path, run: UUID, wait: timedelta) -> str:
    """The state of the run once somebody has looked so much later."""
    recover(client, home, datetime.now(UTC) + wait)
    state = client.read_flow_run(run).state
    assert state is not None
    return state.name


@pytest.mark.parametrize(
    ("worker", "wait", "state"),
    [
        ("silent", ONE, "Pending"),
        ("silent", THREE, "Scheduled"),
        ("never-heard-of", THREE, "Scheduled"),
        ("reports", THREE, "Pending"),
        ("reports", TWELVE, "Scheduled"),
        (None, THREE, "Pending"),
        (None, TWELVE, "Scheduled"),
    ],
)
def test_what_its_worker_says_of_itself_decides(client, home, taken, worker, wait, state):
    assert after(client, home, taken(worker), wait) == state


def test_a_worker_that_came_back_under_its_name_knows_that_it_has_not_begun_it(
    client, home, taken, monkeypatch
):
    monkeypatch.setenv(MY_WORKER, "reports")
    run = taken("reports")
    assert after(client, home, run, ONE) == "Pending"
    assert after(client, home, run, TWO) == "Scheduled"


def test_a_run_whose_process_is_here_is_left_alone(client, home, taken):
    run = taken("silent")
    known = {**os.environ, RUN_ID: str(run)}
    with subprocess.Popen([sys.executable, "-c", "input()"], env=known, stdin=-1) as process:
        assert after(client, home, run, TWELVE) == "Pending"
        process.kill()


def test_a_flow_that_begins_anew_may_begin_where_it_never_did(client, home, taken):
    assert after(client, home, taken("silent", name="patterns"), THREE) == "Scheduled"


def test_a_run_that_kills_each_worker_that_takes_it_is_given_up(client, home, taken):
    states = [state for _ in range(STARTS) for state in (Pending(), Crashed(message="gone"))]
    assert after(client, home, taken("silent", *states[:-1]), THREE) == GIVEN_UP
