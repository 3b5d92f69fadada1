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
from pathlib import Path

import pytest
import requests
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.stuck import FOLDER, call_crashed
from tests.fakes.comfy_server import ComfyServer, Job, draw
from tests.fakes.s3_servers import free_port
from tests.flows.fault_scenes import Bench

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def other_server(tmp_path) -> Generator[tuple[str, subprocess.Popen[bytes]]]:
    """A Prefect server of its own, to be killed."""
    url = f"http://127.0.0.1:{free_port()}/api"
    process = _served(url, tmp_path / "p")
    try:
        yield url, process
    finally:
        _kill(process)


def _served(url: str, home: Path) -> subprocess.Popen[bytes]:
    """Start a server there, and wait until it answers."""
    port = url.removesuffix("/api").rpartition(":")[2]
    # without its own database in the environment: the tests' server has one
    known = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "prefect", "server", "start", "--port", port],
        env=known | {"PREFECT_HOME": str(home), "DO_NOT_TRACK": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    _await(url)
    return process


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


def at_work(bench: Bench, url: str, opened: threading.Event) -> subprocess.Popen[str]:
    """A run that waits for the server that draws until it is opened."""

    def work(comfy: ComfyServer, job: Job) -> None:
        opened.wait(60)
        draw(comfy, job)

    bench.comfy.work = work
    process = bench.command(
        PREFECT_API_URL=url, PREFECT_CLIENT_MAX_RETRIES="0", PREFECT_API_REQUEST_TIMEOUT="5"
    )
    while not bench.comfy.running:
        assert process.poll() is None
        time.sleep(0.05)
    return process


def test_a_run_that_prefect_could_not_be_told_of_is_recorded_when_it_is_back(  # row 6
    bench: Bench, other_server, tmp_path
):
    url, server = other_server
    opened = threading.Event()
    process = at_work(bench, url, opened)
    _kill(server)
    opened.set()
    out, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    assert json.loads(out)["status"] == "accepted"
    again = _served(url, tmp_path / "p")
    try:
        with temporary_settings({PREFECT_API_URL: url}):
            assert states() == ["RUNNING"]
            assert call_crashed(bench.home / FOLDER) == 1
            assert states() == ["COMPLETED"]
    finally:
        _kill(again)


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_prefect_server_that_hangs_does_not_keep_a_run_from_its_end(  # row 6
    bench: Bench, other_server, when: str
):
    url, server = other_server
    opened = threading.Event()
    if when == "before":
        opened.set()
        os.killpg(server.pid, signal.SIGSTOP)
        process = bench.command(PREFECT_API_URL=url)
    else:
        process = at_work(bench, url, opened)
        os.killpg(server.pid, signal.SIGSTOP)
        opened.set()
    out, err = process.communicate(timeout=180)
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
