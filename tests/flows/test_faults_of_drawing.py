"""The server that draws fails in every way of the failure matrix; the run comes to its end.

The numbers are rows of the matrix in the reliability notes.
"""

import json
import time
from dataclasses import replace

import pytest

from darkroom.core.errors import ComfyUnreachable
from darkroom.writepath import fleet_opening
from tests.fakes.comfy_server import ComfyServer, Fault, Job, draw, end_badly, finish, start
from tests.flows.fault_scenes import FAST, Bench

pytestmark = pytest.mark.slow

INVALID = {
    "error": {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed"},
    "node_errors": {
        "3": {
            "class_type": "KSampler",
            "errors": [
                {
                    "type": "value_bigger_than_max",
                    "message": "Value 900 bigger than max of 100",
                    "details": "cfg",
                    "extra_info": {"input_name": "cfg"},
                }
            ],
            "dependent_outputs": ["9"],
        }
    },
}
MEMORY = {"exception_type": "torch.OutOfMemoryError", "exception_message": "Allocation on device"}


def once(strange, usual=draw):
    """The first job goes wrong in this way, later ones do not."""
    waiting = [strange]

    def work(server: ComfyServer, job: Job) -> None:
        (waiting.pop() if waiting else usual)(server, job)

    return work


def test_without_any_fault_the_bench_runs_to_acceptance(bench: Bench):
    report = bench.run()
    assert (report.status, len(bench.drawn)) == ("accepted", 3)
    assert bench.whole(report) == []


def test_a_server_that_goes_away_while_a_run_is_opened_is_waited_for(bench: Bench):
    bench.comfy.fail("GET /object_info", *[Fault(drops=True)] * FAST.get_attempts)
    assert bench.run().status == "accepted"


def test_a_person_is_told_at_once_that_the_server_is_away(bench: Bench):
    bench.comfy.fail("GET /system_stats", *[Fault(drops=True)] * FAST.get_attempts)
    with pytest.raises(ComfyUnreachable):
        bench.run()


def forgets(server: ComfyServer, job: Job) -> None:
    start(server, job)
    server.restart()


def test_a_server_that_restarts_and_loses_its_queue_is_given_the_job_again(bench: Bench):  # row 9
    bench.comfy.work = once(forgets)
    report = bench.run()
    assert report.status == "accepted"
    assert len(bench.drawn) == len(set(bench.drawn)) == 4
    assert bench.whole(report) == []


def test_a_job_that_is_lost_three_times_is_failed_as_lost_and_the_run_goes_on(bench: Bench):  # 9
    lost = []

    def work(server: ComfyServer, job: Job) -> None:
        lost.append(job)
        forgets(server, job) if len(lost) <= 3 else draw(server, job)

    bench.comfy.work = work
    bench.write(budget=4)
    report = bench.run()
    assert "lost" in (report.iterations[0].failure or "")
    assert (report.status, len(bench.drawn)) == ("accepted", 6)


def until_stopped(server: ComfyServer, job: Job) -> None:
    """One step, and nothing more."""
    start(server, job)
    server.tell(job, "progress", value=1, max=3, node=next(iter(job.graph)))
    assert job.stopped.wait(60)
    end_badly(server, job, "execution_interrupted", node_id="1", node_type="KSampler")


def at_one_go(server: ComfyServer, job: Job) -> None:
    """Without a step that another one has to follow in time."""
    start(server, job)
    finish(server, job)


def test_a_server_that_hangs_is_interrupted_and_the_iteration_failed_as_stalled(  # row 10
    bench: Bench, monkeypatch
):
    monkeypatch.setattr(fleet_opening, "Timing", lambda: replace(FAST, stall_s=0.3))
    bench.comfy.work = once(until_stopped, at_one_go)
    bench.write(budget=4)
    report = bench.run()
    assert "stalled" in (report.iterations[0].failure or "")
    assert (report.status, len(bench.drawn)) == ("accepted", 4)


def breaks_off(server: ComfyServer, job: Job) -> None:
    start(server, job)
    server.sockets.hang_up_all()
    time.sleep(0.05)
    finish(server, job)


def test_a_websocket_that_breaks_costs_nothing(bench: Bench):  # row 11
    bench.comfy.work = breaks_off
    report = bench.run()
    assert (report.status, len(bench.drawn)) == ("accepted", 3)
    assert [line.failure for line in report.iterations] == [None, None, None]


def test_without_any_websocket_the_history_is_asked(bench: Bench):  # row 12
    bench.comfy.takes_sockets = False
    report = bench.run()
    assert (report.status, len(bench.drawn)) == ("accepted", 3)


def test_memory_that_runs_out_is_freed_and_the_image_tried_once_more_then_failed(bench):  # 13
    def work(server: ComfyServer, job: Job) -> None:
        start(server, job)
        end_badly(server, job, "execution_error", node_id="3", node_type="KSampler", **MEMORY)

    bench.comfy.work = work
    bench.write(budget=9)
    report = bench.run()
    assert (report.status, len(bench.drawn)) == ("no-image", 6)
    assert "out_of_memory" in (report.iterations[0].failure or "")
    assert bench.comfy.count("freed") >= 3


def test_a_graph_the_server_refuses_names_node_and_input_and_is_not_sent_again(bench):  # row 14
    body = json.dumps(INVALID).encode()
    kind = "application/json"
    bench.comfy.fail("POST /prompt", Fault(400, body, kind))
    bench.write(budget=4, retries=3)
    report = bench.run()
    failure = report.iterations[0].failure or ""
    assert "KSampler" in failure
    assert "cfg" in failure
    assert (report.status, bench.comfy.count("POST /prompt")) == ("accepted", 4)


HTML = Fault(200, b"<html>busy</html>", "text/html")


@pytest.mark.parametrize("fault", [Fault(cuts_at=20), HTML], ids=["cut", "html"])
def test_an_image_that_arrives_damaged_is_fetched_again(bench: Bench, fault):  # row 15
    bench.comfy.fail("GET /view", fault, fault)
    report = bench.run()
    assert (report.status, len(bench.drawn)) == ("accepted", 3)
    assert bench.whole(report) == []


def test_an_image_that_stays_damaged_fails_the_iteration_and_nothing_is_stored(bench):  # row 15
    bench.comfy.fail("GET /view", *[HTML] * 20)
    bench.write(budget=1)
    report = bench.run()
    assert report.status == "no-image"
    assert "bad_output" in (report.iterations[0].failure or "")
    assert bench.files("images/*") == []


def test_a_job_that_takes_longer_than_allowed_is_stopped(bench: Bench):  # row 10
    # all of them: no job of a busy machine is sure to be in time
    bench.comfy.work = until_stopped
    bench.write(budget=2, timeout_s=0.5)
    report = bench.run()
    told = [line.failure or "" for line in report.iterations]
    assert ["not finished after 0.5 s" in each for each in told] == [True, True]
    bench.comfy.work = draw
    bench.write()
    assert bench.run().status == "accepted"
