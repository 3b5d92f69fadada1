"""Prefect goes away, or believes in runs that are gone: it is a view, and the run is the truth.

The numbers are rows of the matrix in the reliability notes.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator

import pytest
import requests
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName

from tests.fakes.comfy_server import ComfyServer, Job, draw
from tests.fakes.s3_servers import free_port
from tests.flows.fault_scenes import Bench

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def other_server(tmp_path) -> Generator[tuple[str, subprocess.Popen[bytes]]]:
    """A Prefect server of its own, to be killed."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    process = subprocess.Popen(
        [sys.executable, "-m", "prefect", "server", "start", "--port", str(port)],
        env=os.environ | {"PREFECT_HOME": str(tmp_path / "p"), "DO_NOT_TRACK": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _await(url)
        yield url, process
    finally:
        _kill(process)


def _await(url: str) -> None:
    for _ in range(600):
        try:
            if requests.get(f"{url}/health", timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    raise AssertionError("no server came up")


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_run_outlives_the_prefect_server_it_began_with(bench: Bench, other_server):  # row 6
    url, server = other_server
    opened = threading.Event()

    def work(comfy: ComfyServer, job: Job) -> None:
        opened.wait(60)
        draw(comfy, job)

    bench.comfy.work = work
    process = bench.command(PREFECT_API_URL=url, PREFECT_CLIENT_MAX_RETRIES="0")
    while not bench.comfy.running:
        assert process.poll() is None
        time.sleep(0.05)
    _kill(server)
    opened.set()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    report = json.loads(out)
    assert (report["status"], len(bench.drawn)) == ("accepted", 3)
    assert bench.whole(report) == []


def test_a_prefect_server_that_is_named_and_down_is_done_without(bench: Bench):  # row 6
    report = bench.ended(PREFECT_API_URL=f"http://127.0.0.1:{free_port()}/api")
    assert (report["status"], len(bench.drawn)) == ("accepted", 3)


def states() -> list[str]:
    wanted = FlowRunFilter(name=FlowRunFilterName(any_=["iterate demo"]))
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=wanted, limit=200)
    ordered = sorted(runs, key=lambda run: run.expected_start_time or run.created)
    return [run.state_type.value for run in ordered if run.state_type]


def test_a_flow_run_whose_process_was_killed_is_called_crashed_by_the_next(bench):  # row 7
    bench.killed("after-image")
    assert states()[-1] == "RUNNING"
    assert bench.run().status == "accepted"
    assert states()[-2:] == ["CRASHED", "COMPLETED"]
    assert list((bench.home / ".darkroom/prefect/runs").iterdir()) == []
