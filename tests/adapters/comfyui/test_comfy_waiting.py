"""Waiting for a job on a server that does everything right, and on one that does not."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from darkroom.adapters.comfyui import ComfyClient
from darkroom.core.errors import ComfyUnreachable, Interrupted
from darkroom.core.jobs import Done, Failed, Lost, Pending, Progress, Running
from tests.fakes.comfy_server import (
    ComfyServer,
    Fault,
    Job,
    draw,
    end_badly,
    finish,
    hold,
)
from tests.fakes.fast_timing import FAST
from tests.fakes.until import until

Graph = dict[str, dict[str, Any]]
Connect = Callable[..., ComfyClient]
LISTENS = replace(FAST, poll_s=60.0)
"""It hears of everything first: else a look at the history may end the wait before a hint."""


def drawn(client: ComfyClient, graph: Graph, prompt_id: str) -> Any:
    client.submit(graph, prompt_id)
    return client.wait(prompt_id)


def test_a_finished_job_names_its_images(client: ComfyClient, graph: Graph, prompt_id: str) -> None:
    done = drawn(client, graph, prompt_id)
    assert isinstance(done, Done)
    assert [output.filename for output in done.outputs] == [f"img_{prompt_id}.png"]
    assert done.seconds == 2.5


def test_the_socket_is_open_before_the_job_is_sent(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    drawn(client, graph, prompt_id)
    assert comfy.calls.index("GET /ws") < comfy.calls.index("POST /prompt")


def test_client_id_of_socket_and_job_are_the_same_and_new_for_each_job(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    drawn(client, graph, prompt_id)
    assert comfy.posts[0]["client_id"] == comfy.posts[0]["prompt_id"] == prompt_id
    assert comfy.sockets.opened == [prompt_id]


def test_progress_is_told_step_by_step(connect: Connect, graph: Graph, prompt_id: str) -> None:
    seen: list[Progress] = []
    client = connect(LISTENS)
    client.submit(graph, prompt_id)
    client.wait(prompt_id, seen.append)
    assert [(p.step, p.steps) for p in seen if p.step] == [(1, 3), (2, 3), (3, 3)]
    assert [p.node for p in seen if p.step is None] == ["1", "9"]


def test_a_callback_that_raises_is_reported_and_does_not_break_the_job(
    connect: Connect, graph: Graph, prompt_id: str
) -> None:
    calls: list[Progress] = []
    client = connect(LISTENS)

    def broken(progress: Progress) -> None:
        calls.append(progress)
        raise ZeroDivisionError("bar")

    client.submit(graph, prompt_id)
    done = client.wait(prompt_id, broken)
    assert isinstance(done, Done)
    assert "ZeroDivisionError: bar" in done.warnings[-1]
    assert len(calls) == 1


def test_a_callback_may_interrupt_the_wait(connect: Connect, graph: Graph, prompt_id: str) -> None:
    client = connect(LISTENS)

    def stop(_: Progress) -> None:
        raise Interrupted("interrupted", "enough")

    client.submit(graph, prompt_id)
    with pytest.raises(Interrupted):
        client.wait(prompt_id, stop)


def test_a_history_that_comes_late_is_waited_for(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.work = lambda server, job: finish(server, job, late_s=0.1)
    assert isinstance(drawn(client, graph, prompt_id), Done)


def test_success_alone_is_not_taken_for_the_end(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    def slow(server: ComfyServer, job: Job) -> None:
        server.tell(job, "execution_success", timestamp=1)
        time.sleep(0.15)
        finish(server, job)

    comfy.work = slow
    assert isinstance(drawn(client, graph, prompt_id), Done)


def test_messages_of_other_jobs_are_left_alone(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    def noisy(server: ComfyServer, job: Job) -> None:
        for kind, data in (
            ("progress", {"value": 9, "max": 9, "node": "x"}),
            ("executing", {"node": None}),
            ("execution_error", {}),
        ):
            message = {"type": kind, "data": {**data, "prompt_id": "somebody-else"}}
            server.sockets.send(None, message)
        draw(server, job)

    comfy.work = noisy
    seen: list[Progress] = []
    client.submit(graph, prompt_id)
    assert isinstance(client.wait(prompt_id, seen.append), Done)
    assert 9 not in [progress.step for progress in seen]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00",
        b"\x00\x00\x00\x07abcd",
        {"type": "executing", "data": {"node": "3"}},
        {"type": "executing", "data": {}},
        {"type": "progress", "data": {"value": None, "max": "x"}},
        {"type": "status"},
        {"data": 3},
        [1, 2],
        float("nan"),
        "text",
    ],
)
def test_a_message_that_says_nothing_breaks_nothing(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str, garbage: object
) -> None:
    def strange(server: ComfyServer, job: Job) -> None:
        server.sockets.send(job.client_id, garbage)
        draw(server, job)

    comfy.work = strange
    assert isinstance(drawn(client, graph, prompt_id), Done)


def test_a_frame_of_several_megabytes_is_read(
    connect: Connect, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    picture = b"\xff\xd8" + bytes(5_000_000)

    def big(server: ComfyServer, job: Job) -> None:
        server.sockets.send(job.client_id, b"\x00\x00\x00\x01\x00\x00\x00\x01" + picture)
        draw(server, job)

    comfy.work = big
    seen: list[Progress] = []
    client = connect(LISTENS, previews=True)
    client.submit(graph, prompt_id)
    assert isinstance(client.wait(prompt_id, seen.append), Done)
    assert [(p.preview_format, len(p.preview or b"")) for p in seen if p.preview] == [
        ("jpeg", len(picture))
    ]
    assert comfy.posts[0]["extra_data"] == {"preview_method": "latent2rgb"}


def test_a_job_begun_by_a_dead_process_is_attached_to(
    connect: Connect, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    connect().submit(graph, prompt_id)
    assert isinstance(connect().wait(prompt_id), Done)


def test_a_job_that_ended_long_ago_is_found_at_once(
    connect: Connect, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    drawn(connect(), graph, prompt_id)
    client = connect(replace(FAST, poll_s=30.0))
    assert isinstance(client.state(prompt_id), Done)
    assert isinstance(client.wait(prompt_id), Done)


def test_a_restart_loses_the_job_and_it_is_lost_not_done(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.work = lambda server, _job: server.restart()
    assert isinstance(drawn(client, graph, prompt_id), Lost)


def test_unknown_jobs_are_lost(client: ComfyClient, prompt_id: str) -> None:
    assert isinstance(client.state(prompt_id), Lost)


def test_states_of_waiting_and_running_jobs(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.work = hold
    ids = [prompt_id[:-1] + digit for digit in "012"]
    for one in ids:
        client.submit(graph, one)
    until(lambda: comfy.running is not None)
    assert [client.state(one) for one in ids] == [Running(), Pending(0), Pending(1)]
    for one in ids:
        client.cancel(one)


def test_a_job_that_moves_between_two_reads_is_not_lost(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    """History is read, then the job ends, then the queue is read: history is asked again."""
    drawn(client, graph, prompt_id)
    comfy.fail("GET /history", Fault(200, b"{}", "application/json"))
    assert isinstance(client.state(prompt_id), Done)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"exception_type": "torch.OutOfMemoryError", "exception_message": "x"}, "out_of_memory"),
        ({"exception_type": "OSError", "exception_message": "Truncated File Read\n"}, "error"),
    ],
)
def test_an_error_of_a_node_is_a_failure_with_a_cause(
    client: ComfyClient,
    comfy: ComfyServer,
    graph: Graph,
    prompt_id: str,
    fault: dict[str, str],
    reason: str,
) -> None:
    comfy.work = lambda server, job: end_badly(
        server, job, "execution_error", node_id="1", node_type="EmptyImage", **fault
    )
    failed = drawn(client, graph, prompt_id)
    assert isinstance(failed, Failed)
    assert (failed.cause, failed.node) == (reason, "1")


def test_after_memory_ran_out_the_server_can_be_freed(
    client: ComfyClient, comfy: ComfyServer
) -> None:
    client.free()
    assert "freed ['free_memory', 'unload_models']" in comfy.calls


@pytest.mark.parametrize("fault", [Fault(), Fault(200, b"<html>", "text/html"), Fault(drops=True)])
def test_a_server_that_stumbles_while_it_works_is_asked_again(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str, fault: Fault
) -> None:
    comfy.takes_sockets = False
    comfy.fail("GET /history", *[fault] * 3)
    comfy.fail("GET /queue", *[fault] * 2)
    assert isinstance(drawn(client, graph, prompt_id), Done)


def test_a_server_that_stays_away_is_no_ending(
    connect: Connect, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.work = hold
    client = connect(replace(FAST, outage_s=0.1, poll_s=0.02))
    client.submit(graph, prompt_id)
    comfy.fail("GET /history", *[Fault(drops=True)] * 500)
    with pytest.raises(ComfyUnreachable) as caught:
        client.wait(prompt_id)
    assert caught.value.code == "comfy-away"


def test_a_job_cancelled_while_its_end_was_announced_is_settled_by_the_history(
    connect: Connect, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    """The end is signalled, the history never follows, and the queue has it no more."""
    comfy.work = lambda server, job: server.tell(job, "executing", node=None)
    client = connect(replace(FAST, history_pauses_s=(0.01, 0.01)))
    assert isinstance(drawn(client, graph, prompt_id), Lost)


def test_a_server_that_breaks_at_the_very_end_is_asked_again(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.fail("GET /history", *[Fault()] * 3)
    assert isinstance(drawn(client, graph, prompt_id), Done)
