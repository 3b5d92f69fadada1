"""Nothing stays running in silence: each way to hang has a longest duration."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from darkroom.adapters.comfyui import ComfyClient, Timing
from darkroom.adapters.comfyui.lookup import Look
from darkroom.adapters.comfyui.watchdog import Watchdog
from darkroom.core.errors import ComfyUnreachable
from darkroom.core.jobs import Done, Failed, Pending, Running
from tests.fakes.comfy_server import ComfyServer, Fault, Job, finish, hold, start
from tests.fakes.fast_timing import FAST
from tests.fakes.until import until

Graph = dict[str, dict[str, Any]]
Connect = Callable[..., ComfyClient]
IMPATIENT = replace(FAST, poll_s=0.02)
PATIENCE = Timing(stall_s=10, first_progress_s=50, zombie_s=20, unheard_s=200, longest_s=1000)


def stalled(client: ComfyClient, graph: Graph, prompt_id: str) -> Failed:
    client.submit(graph, prompt_id)
    return given_up(client, prompt_id)


def stalled_running(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> Failed:
    """As `stalled`; patience with a job that waits in the queue is not what ends it."""
    client.submit(graph, prompt_id)
    until(lambda: comfy.running is not None)
    return given_up(client, prompt_id)


def given_up(client: ComfyClient, prompt_id: str) -> Failed:
    failed = client.wait(prompt_id)
    assert isinstance(failed, Failed)
    assert failed.cause == "stalled"
    return failed


def test_the_silence_of_a_server_that_hangs_counts_to_its_end(
    connect: Connect, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.work = hold
    client = connect(replace(IMPATIENT, read_s=0.1, outage_s=0.05, longest_s=3.0))
    client.submit(graph, prompt_id)
    comfy.fail("GET /history", Fault(hangs=True))
    with pytest.raises(ComfyUnreachable) as caught:
        client.wait(prompt_id)
    assert caught.value.code == "comfy-away"


def test_a_dead_worker_is_recognised(
    connect: Connect, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.is_worker_dead = True
    failed = stalled(connect(replace(IMPATIENT, zombie_s=0.1)), graph, prompt_id)
    assert "restart the server" in failed.message


def test_a_job_given_up_is_taken_off_the_server(
    connect: Connect, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.is_worker_dead = True
    stalled(connect(replace(IMPATIENT, zombie_s=0.1)), graph, prompt_id)
    assert comfy.pending == []


def test_a_silent_server_is_given_up_without_a_first_step(
    connect: Connect, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.work = hold
    client = connect(replace(IMPATIENT, first_progress_s=0.15))
    failed = stalled_running(client, comfy, graph, prompt_id)
    assert failed.message == "no first step for 0.15 s"


def test_a_job_that_stops_in_the_middle_is_given_up_sooner(
    connect: Connect, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    def half(server: ComfyServer, job: Job) -> None:
        server.tell(job, "progress", value=1, max=3, node="1")
        hold(server, job)

    comfy.work = half
    # `hold` starts a node, which brings the long allowance back; a step then ends it
    client = connect(replace(IMPATIENT, first_progress_s=0.2, stall_s=60.0))
    failed = stalled_running(client, comfy, graph, prompt_id)
    assert failed.message == "no first step for 0.2 s"


def test_a_stalled_server_that_cannot_even_be_asked_to_stop_is_given_up(
    connect: Connect, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.work = hold
    comfy.has_jobs_route = False
    client = connect(replace(IMPATIENT, longest_s=0.1, cancel_settle_s=0.01))
    assert stalled(client, graph, prompt_id).message == "not finished after 0.1 s"


def test_a_job_that_ends_while_it_is_given_up_counts(
    connect: Connect, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    def deaf(server: ComfyServer, job: Job) -> None:
        start(server, job)
        job.stopped.wait(60)
        finish(server, job)

    comfy.work = deaf
    client = connect(replace(IMPATIENT, longest_s=0.1))
    client.submit(graph, prompt_id)
    until(lambda: comfy.running is not None)
    original = comfy.cancel

    def cancel_too_late(prompt: str, **options: bool) -> bool:
        stopped = original(prompt, **options)
        until(lambda: prompt in comfy.history)
        return stopped

    comfy.cancel = cancel_too_late
    assert isinstance(client.wait(prompt_id), Done)


def watched(*events: tuple[float, str | Look]) -> Watchdog:
    dog = Watchdog(PATIENCE, 0.0)
    for now, event in events:
        match event:
            case "sign":
                dog.sign(now)
            case "node":
                dog.node_started(now)
            case "step":
                dog.stepped(now)
            case Look():
                dog.looked(event, now)
    return dog


AHEAD = Look(Pending(1), ("other",), 2)
NEXT = Look(Pending(0), ("third",), 1)
IDLE = Look(Pending(0), (), 1)
RUNS = Look(Running(), ("ours",), 0)


@pytest.mark.parametrize(
    ("events", "now", "is_heard", "verdict"),
    [
        ([], 50, True, None),
        ([], 51, True, "no first step for 50 s"),
        ([(5, "sign")], 54, True, None),
        ([(5, "step")], 16, True, "no progress for 10 s"),
        ([(5, "step"), (9, "step")], 18, True, None),
        # the next node may have to load its model: the long allowance again
        ([(5, "step"), (6, "node")], 50, True, None),
        ([(5, "step"), (6, "node")], 57, True, "no first step for 50 s"),
        ([(1, AHEAD)], 50, True, None),
        ([(1, AHEAD), (40, AHEAD)], 52, True, "the queue before it has not moved for 50 s"),
        ([(1, AHEAD), (40, NEXT)], 52, True, None),
        ([(1, IDLE)], 20, True, None),
        ([(1, IDLE)], 22, True, "jobs wait and none runs for 20 s: the server's worker is dead;"),
        ([(1, IDLE), (15, NEXT), (30, IDLE)], 45, True, None),
        # without a socket nothing tells of progress, so silence proves little
        ([(1, RUNS)], 190, False, None),
        ([(1, RUNS)], 201, False, "it runs, and no websocket tells of progress, for 200 s"),
        ([(1, AHEAD), (30, RUNS)], 79, True, None),
        ([(999, "step")], 1001, True, "not finished after 1000 s"),
    ],
)
def test_patience(
    events: list[tuple[float, str | Look]], now: float, is_heard: bool, verdict: str | None
) -> None:
    found = watched(*events).verdict(now, is_heard=is_heard)
    assert (found or "").startswith(verdict or "")
    assert (found is None) == (verdict is None)
