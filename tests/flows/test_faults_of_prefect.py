"""Prefect goes away, or believes in runs that are gone: it is a view, and the run is the truth.

The numbers are rows of the matrix in the reliability notes.
"""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName
from prefect.client.schemas.sorting import FlowRunSort
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows import stuck
from flows.environment import PREFECT_HOME
from flows.stuck import FOLDER, call_crashed
from tests.fakes.comfy_server import ComfyServer, Job, draw
from tests.fakes.prefect_servers import DATABASE, copy, end_server, start_server
from tests.fakes.s3_servers import free_port
from tests.flows.fault_scenes import Bench, free_slots

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass
class OtherServer:
    """A Prefect server of its own, to be killed or to hang, and to be there again."""

    url: str
    home: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Have it run, with what it knew."""
        if self.process is None:
            self.process = start_server(self.url, self.home)

    def kill(self) -> None:
        if self.process is not None:
            end_server(self.process)
        self.process = None

    def send(self, number: signal.Signals) -> None:
        """To it and to all it started."""
        assert self.process is not None
        os.killpg(self.process.pid, number)


@pytest.fixture(scope="module")
def one_server(
    tmp_path_factory: pytest.TempPathFactory, prefect_database: Path
) -> Iterator[OtherServer]:
    home = tmp_path_factory.mktemp("other-server")
    copy(prefect_database, home / DATABASE)
    made = OtherServer(f"http://127.0.0.1:{free_port()}/api", home)
    try:
        yield made
    finally:
        made.kill()


@pytest.fixture
def other_server(one_server: OtherServer) -> Iterator[OtherServer]:
    one_server.start()
    with temporary_settings({PREFECT_API_URL: one_server.url}):
        free_slots()  # of the test before, whose run could not give its slot back
    try:
        yield one_server
    finally:
        if one_server.process is not None:
            one_server.send(signal.SIGCONT)


@pytest.fixture
def at_hand(bench: Bench, prefect_database: Path) -> Bench:
    """The bench whose runs may start a server of their own, with a database made before."""
    copy(prefect_database, bench.home / PREFECT_HOME / DATABASE)
    return bench


def at_work(
    bench: Bench, url: str, opened: threading.Event, patience_s: int = 60
) -> subprocess.Popen[str]:
    """A run that waits for the server that draws until it is opened."""

    def work(comfy: ComfyServer, job: Job) -> None:
        opened.wait(200)
        draw(comfy, job)

    bench.comfy.work = work
    process = bench.command(
        PREFECT_API_URL=url,
        PREFECT_CLIENT_MAX_RETRIES="0",
        PREFECT_API_REQUEST_TIMEOUT=str(patience_s),
    )
    while not bench.comfy.running:
        assert process.poll() is None
        time.sleep(0.05)
    return process


def test_a_run_outlives_its_prefect_server_and_is_recorded_when_it_is_back(  # row 6
    bench: Bench, other_server: OtherServer
):
    earlier = len(states_at(other_server.url))
    opened = threading.Event()
    process = at_work(bench, other_server.url, opened)
    other_server.kill()
    opened.set()
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    report = json.loads(out)
    assert (report["status"], len(bench.drawn)) == ("accepted", 3)
    assert bench.whole(report) == []
    other_server.start()
    assert states_at(other_server.url)[earlier:] == ["RUNNING"]
    with temporary_settings({PREFECT_API_URL: other_server.url}):
        assert call_crashed(bench.home / FOLDER) == 1
    assert states_at(other_server.url)[earlier:] == ["COMPLETED"]


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_prefect_server_that_hangs_does_not_keep_a_run_from_its_end(  # row 6
    at_hand: Bench, other_server: OtherServer, when: str
):
    at_hand.eyes.passing = ((), ("hat", "dog"))
    opened = threading.Event()
    if when == "before":
        opened.set()
        other_server.send(signal.SIGSTOP)
        process = at_hand.command(PREFECT_API_URL=other_server.url)
    else:
        # as often as it asks from then on, it waits for so long
        process = at_work(at_hand, other_server.url, opened, patience_s=8)
        other_server.send(signal.SIGSTOP)
        opened.set()
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    report = json.loads(out)
    assert (report["status"], len(at_hand.drawn)) == ("accepted", 2)
    assert at_hand.whole(report) == []


def test_a_prefect_server_that_is_named_and_down_is_done_without(at_hand: Bench):  # row 6
    report = at_hand.ended(PREFECT_API_URL=f"http://127.0.0.1:{free_port()}/api")
    assert (report["status"], len(at_hand.drawn)) == ("accepted", 3)


def states_at(url: str) -> list[str]:
    with temporary_settings({PREFECT_API_URL: url}):
        return states()


def states() -> list[str]:
    wanted = FlowRunFilter(name=FlowRunFilterName(any_=["iterate demo"]))
    with get_client(sync_client=True) as client:
        latest = client.read_flow_runs(
            flow_run_filter=wanted, sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=200
        )
    return [run.state_type.value for run in reversed(latest) if run.state_type]


def test_a_flow_run_whose_process_was_killed_is_called_crashed_by_the_next(  # row 7
    bench, monkeypatch
):
    monkeypatch.setattr(stuck, "_ASK_WITHIN_S", 60.0)  # a slow server is none that is away
    bench.killed("after-image")
    assert states()[-1] == "RUNNING"
    assert bench.run().status == "accepted"
    assert states()[-2:] == ["CRASHED", "COMPLETED"]
    assert list((bench.home / ".darkroom/prefect/runs").iterdir()) == []
