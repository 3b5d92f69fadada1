"""The process is killed, stopped or started twice; what it began comes to its end once.

The numbers are rows of the matrix in the reliability notes. Every process here is real:
`darkroom run` in a session of its own, on the servers of the bench.
"""

import json
import signal
import threading

import pytest

from darkroom.archive.querying import connect
from darkroom.core.errors import UsageError
from tests.fakes.comfy_server import ComfyServer, Job, draw
from tests.fakes.until import until
from tests.flows.fault_scenes import Bench, free_slots

pytestmark = pytest.mark.slow


@pytest.fixture
def gate(bench: Bench):
    """Every job waits on the server until the gate is open."""
    opened = threading.Event()

    def work(server: ComfyServer, job: Job) -> None:
        opened.wait(200)
        draw(server, job)

    bench.comfy.work = work
    yield opened
    opened.set()


@pytest.mark.parametrize(
    "point",
    [
        pytest.param("after-submit", id="mid-generation"),  # rows 1 and 2
        pytest.param("after-image:2", id="image-without-sidecar"),  # row 3
        pytest.param("after-sidecar:2", id="sidecar-unread"),  # row 4
    ],
)
def test_killed_there_the_same_command_goes_on_and_draws_nothing_twice(bench: Bench, point):
    bench.killed(point)
    before = {path: path.read_bytes() for path in bench.files("images/*")}
    report = bench.run()
    assert (report.status, len(report.iterations)) == ("accepted", 3)
    assert len(bench.files("run.json")) == 1
    assert len(bench.drawn) == len(set(bench.drawn)) == 3
    assert bench.eyes.verdicts == 3
    assert before == {path: path.read_bytes() for path in before}
    assert bench.whole(report) == []
    with connect() as warehouse:  # the run itself has it catch up
        assert warehouse.execute("select count(*) from images").fetchall() == [(3,)]


def test_a_job_the_server_still_has_after_the_kill_is_waited_for(bench: Bench, gate):  # row 1
    process = bench.command()
    until(lambda: bench.comfy.running)
    process.kill()
    process.communicate()
    free_slots()
    asked = bench.comfy.count("GET /queue")

    def opens() -> None:
        until(lambda: bench.comfy.count("GET /queue") > asked)  # it has seen the job at work
        gate.set()

    threading.Thread(target=opens, daemon=True).start()
    report = bench.run()
    assert (report.status, len(bench.drawn)) == ("accepted", 3)


def test_a_second_process_is_refused_and_says_who_works_there(bench: Bench, gate):  # rows 8, 56
    process = bench.command()
    until(lambda: bench.comfy.running)
    refused = []
    for _ in range(3):
        with pytest.raises(UsageError, match="is being worked on by process") as caught:
            bench.run()
        refused.append(caught.value.code)
    gate.set()
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert refused == ["lock-busy"] * 3
    assert len(bench.drawn) == len(json.loads(out)["iterations"]) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "term"])
def test_a_stopped_run_takes_its_job_back_and_can_be_resumed(bench: Bench, gate, number):  # row 55
    process = bench.command()
    until(lambda: bench.comfy.running)
    process.send_signal(number)
    _, err = process.communicate(timeout=90)
    assert process.returncode == 130, err
    assert json.loads((bench.folder / "working/checkpoint.json").read_text())["state"] == "open"
    assert bench.comfy.running is None or bench.comfy.running.stopped.is_set()
    gate.set()
    report = bench.run()
    assert report.status == "accepted"
    assert len(bench.files("run.json")) == 1
    assert bench.whole(report) == []
