"""A job is stopped wherever it is, and no other is."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from darkroom.adapters.comfyui import ComfyClient
from darkroom.core.jobs import Cancelled, Done, Lost, Running
from tests.fakes.comfy_server import ComfyServer, Fault, hold
from tests.fakes.fast_timing import FAST
from tests.fakes.until import until

Graph = dict[str, dict[str, Any]]


def wait_until_running(comfy: ComfyServer) -> None:
    until(lambda: comfy.running is not None)


@pytest.fixture(params=[True, False], ids=["jobs route", "0.3.64"])
def held(request: pytest.FixtureRequest, comfy: ComfyServer) -> ComfyServer:
    """A server whose jobs run until stopped, newer and older."""
    comfy.has_jobs_route = request.param
    comfy.work = hold
    return comfy


def test_a_running_job_is_stopped(
    held: ComfyServer, client: ComfyClient, graph: Graph, prompt_id: str
) -> None:
    client.submit(graph, prompt_id)
    wait_until_running(held)
    assert client.cancel(prompt_id)
    assert isinstance(client.wait(prompt_id), Cancelled)


def test_a_pending_job_is_stopped_and_the_running_one_goes_on(
    held: ComfyServer, client: ComfyClient, graph: Graph, prompt_id: str
) -> None:
    other = f"{prompt_id[:-4]}0000"
    client.submit(graph, other)
    wait_until_running(held)
    client.submit(graph, prompt_id)
    assert client.cancel(prompt_id)
    # a deleted job leaves no trace on the server; that it is ours to know is what counts
    assert isinstance(client.state(prompt_id), Cancelled)
    assert isinstance(client.wait(prompt_id), Cancelled)
    assert isinstance(client.state(other), Running)
    client.cancel(other)


def test_every_copy_of_a_job_queued_twice_is_stopped(
    comfy: ComfyServer, client: ComfyClient, graph: Graph, prompt_id: str
) -> None:
    comfy.has_jobs_route = False
    comfy.is_worker_dead = True
    client.submit(graph, prompt_id)
    client.submit(graph, prompt_id)
    assert len(comfy.pending) == 2
    assert client.cancel(prompt_id)
    assert comfy.pending == []


def test_what_is_not_there_is_not_stopped(
    held: ComfyServer, client: ComfyClient, graph: Graph, prompt_id: str
) -> None:
    client.submit(graph, f"{prompt_id[:-4]}0000")
    wait_until_running(held)
    assert not client.cancel(prompt_id)
    assert held.running is not None
    assert not held.running.stopped.is_set()
    assert isinstance(client.state(prompt_id), Lost)
    client.cancel(f"{prompt_id[:-4]}0000")


def test_a_finished_job_cannot_be_stopped(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.has_jobs_route = False
    client.submit(graph, prompt_id)
    assert isinstance(client.wait(prompt_id), Done)
    assert not client.cancel(prompt_id)
    assert isinstance(client.state(prompt_id), Done)


def test_an_older_server_is_asked_for_the_newer_route_once(
    comfy: ComfyServer, client: ComfyClient, prompt_id: str
) -> None:
    comfy.has_jobs_route = False
    client.cancel(prompt_id)
    client.cancel(prompt_id)
    assert comfy.count("POST /api/jobs") == 1


def test_a_route_that_fails_this_once_is_gone_around(
    held: ComfyServer, client: ComfyClient, graph: Graph, prompt_id: str
) -> None:
    client.submit(graph, prompt_id)
    wait_until_running(held)
    held.fail("POST /api/jobs", Fault())
    assert client.cancel(prompt_id)


def test_a_waiting_thread_hears_of_a_cancellation_by_another(
    held: ComfyServer, connect: Callable[..., ComfyClient], graph: Graph, prompt_id: str
) -> None:
    held.is_worker_dead = True
    # the job is gone from the server before the thread that had it stopped can say so
    client = connect(replace(FAST, confirm_lost_s=60.0))
    client.submit(graph, prompt_id)
    canceller = threading.Timer(0.05, client.cancel, [prompt_id])
    canceller.start()
    assert isinstance(client.wait(prompt_id), Cancelled)
    canceller.join()


def test_no_interrupt_is_ever_sent_without_an_id(
    comfy: ComfyServer, client: ComfyClient, graph: Graph, prompt_id: str
) -> None:
    comfy.has_jobs_route = False
    comfy.work = hold
    bodies: list[str | None] = []
    original: Callable[[str | None], None] = comfy.interrupt

    def noted(target: str | None) -> None:
        bodies.append(target)
        original(target)

    comfy.interrupt = noted
    client.submit(graph, prompt_id)
    wait_until_running(comfy)
    client.cancel(prompt_id)
    assert bodies == [prompt_id]
