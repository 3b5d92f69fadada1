"""A job is queued exactly once as far as that can be known, or refused with a reason."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from darkroom.adapters.comfyui import ComfyClient
from darkroom.core.errors import ComfyError, ComfyUnreachable, JobRejected
from darkroom.core.jobs import Done, Lost
from tests.fakes.comfy_server import ComfyServer, Fault, hold
from tests.fakes.fast_timing import FAST
from tests.fakes.until import until

Graph = dict[str, dict[str, Any]]
Connect = Callable[..., ComfyClient]


def answer(status: int, body: object) -> Fault:
    return Fault(status, json.dumps(body).encode(), "application/json")


def refusal(client: ComfyClient, graph: Any, prompt_id: str) -> JobRejected:
    with pytest.raises(JobRejected) as caught:
        client.submit(graph, prompt_id)
    return caught.value


@pytest.mark.parametrize(
    "fault",
    [
        Fault(is_handled=True),
        Fault(is_handled=True, drops=True),
        Fault(200, b"<html>busy</html>", "text/html", is_handled=True),
        Fault(502, b"", is_handled=True),
    ],
)
def test_an_answer_that_is_lost_does_not_queue_the_job_twice(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str, fault: Fault
) -> None:
    comfy.fail("POST /prompt", fault)
    client.submit(graph, prompt_id)
    assert isinstance(client.wait(prompt_id), Done)
    assert len(comfy.posts) == 1


def test_a_timeout_although_queued_is_looked_up(
    connect: Connect, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    queued = threading.Event()
    queue_prompt, take_fault = comfy.queue_prompt, comfy.take_fault

    def queue(body: dict[str, Any]) -> tuple[int, Any]:
        answer = queue_prompt(body)
        queued.set()
        return answer

    def looked_up_once_queued(route: str) -> Fault | None:
        if route.startswith("GET /history"):
            assert queued.wait(60)
        return take_fault(route)

    comfy.queue_prompt, comfy.take_fault = queue, looked_up_once_queued
    comfy.fail("POST /prompt", Fault(is_handled=True, hangs=True))
    client = connect(replace(FAST, submit_s=0.3))
    client.submit(graph, prompt_id)
    assert len(comfy.posts) == 1


@pytest.mark.parametrize("fault", [Fault(), Fault(drops=True), Fault(503), Fault(429)])
def test_a_job_that_is_in_neither_queue_nor_history_is_sent_again(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str, fault: Fault
) -> None:
    comfy.fail("POST /prompt", fault, fault)
    client.submit(graph, prompt_id)
    assert isinstance(client.wait(prompt_id), Done)
    assert comfy.count("POST /prompt") == 3


def test_a_graph_that_breaks_the_server_is_refused_after_three_attempts(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.fail("POST /prompt", *[Fault()] * 9)
    assert refusal(client, graph, prompt_id).code == "job-breaks-server"
    assert comfy.count("POST /prompt") == 3


def test_a_server_that_drops_every_job_is_unreachable(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.fail("POST /prompt", *[Fault(drops=True)] * 9)
    with pytest.raises(ComfyUnreachable) as caught:
        client.submit(graph, prompt_id)
    assert caught.value.code == "comfy-unreachable"


def test_a_server_that_goes_away_meanwhile_leaves_it_open(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.fail("POST /prompt", Fault(is_handled=True, drops=True))
    comfy.fail("GET /history", *[Fault(drops=True)] * 9)
    with pytest.raises(ComfyUnreachable) as caught:
        client.submit(graph, prompt_id)
    assert caught.value.code == "submission-unclear"


def test_nothing_listening_is_told_as_such(graph: Graph, prompt_id: str) -> None:
    client = ComfyClient("gone", "http://127.0.0.1:9", FAST)
    with client, pytest.raises(ComfyUnreachable) as caught:
        client.submit(graph, prompt_id)
    assert "refused" in caught.value.message


def test_errors_inside_an_answer_200_are_a_refusal_and_the_job_is_taken_back(
    client: ComfyClient,
    comfy: ComfyServer,
    graph: Graph,
    prompt_id: str,
    recorded: Callable[[str], Any],
) -> None:
    comfy.work = hold
    comfy.is_worker_dead = True
    found = recorded("validation")["two_outputs_one_invalid_returns_200"]["body"]
    comfy.node_errors = found["node_errors"]
    error = refusal(client, graph, prompt_id)
    assert "leave a part of the graph out" in error.message
    assert "node 21 (LoadImage)" in error.message
    assert isinstance(client.state(prompt_id), Lost)


def test_an_id_of_the_servers_own_is_refused(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.fail("POST /prompt", answer(200, {"prompt_id": "other", "node_errors": {}}))
    assert refusal(client, graph, prompt_id).code == "comfy-too-old"


def test_a_graph_larger_than_the_server_takes_names_its_limit(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.features = {"max_upload_size": 1234}
    comfy.fail("POST /prompt", Fault(413, b"Maximum request body size 1234 exceeded."))
    assert "1234 bytes" in refusal(client, graph, prompt_id).message


@pytest.mark.parametrize(
    ("status", "code"), [(401, "comfy-denied"), (404, "comfy-answer"), (302, "comfy-answer")]
)
def test_an_address_that_is_no_comfyui_is_not_sent_the_job_again(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str, status: int, code: str
) -> None:
    comfy.fail("POST /prompt", *[Fault(status, b"no")] * 3)
    with pytest.raises(ComfyError) as caught:
        client.submit(graph, prompt_id)
    assert caught.value.code == code
    assert comfy.count("POST /prompt") == 1


def test_a_refusal_in_plain_text_is_told(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.fail("POST /prompt", Fault(400, b"plainly no"))
    assert refusal(client, graph, prompt_id).message == "plainly no"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([], "a list"),
        ({}, "no nodes"),
        ({"nodes": [], "links": []}, "editor"),
        ({"1": {"inputs": {}}}, "class_type"),
        ({"1": {"class_type": "A", "inputs": {"x": float("nan")}}}, "NaN"),
        ({"1": {"class_type": "A", "inputs": {"x": {1, 2}}}}, "JSON"),
        ({"1": {"class_type": "KSampler", "inputs": {"seed": -1}}}, "seed -1"),
        ({"1": {"class_type": "RandomNoise", "inputs": {"noise_seed": 2**64}}}, "noise_seed"),
    ],
)
def test_what_no_server_takes_is_refused_before_sending(
    client: ComfyClient, comfy: ComfyServer, prompt_id: str, wrong: Any, said: str
) -> None:
    error = refusal(client, wrong, prompt_id)
    assert error.code == "job-graph-invalid"
    assert said in error.message
    assert comfy.calls == []


@pytest.mark.parametrize("wrong", ["my-run-1", "B8279676-8DB3-4C6C-B3D8-227E97FAA28B", ""])
def test_ids_that_newer_servers_refuse_are_never_sent(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, wrong: str
) -> None:
    assert refusal(client, graph, wrong).code == "job-graph-invalid"
    assert comfy.calls == []


def test_a_refused_job_leaves_no_socket_behind(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.fail("POST /prompt", Fault(400, b"no"))
    refusal(client, graph, prompt_id)
    until(lambda: comfy.sockets.all == [])  # the server hears of the closing a moment later


def test_few_sockets_stand_unread(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.is_worker_dead = True
    ids = [f"{prompt_id[:-1]}{digit}" for digit in range(8)]
    for one in ids:
        client.submit(graph, one)
    assert len(comfy.sockets.opened) == 8
    until(lambda: len(comfy.sockets.all) == 4)  # the server hears of a closing a moment later
    comfy.is_worker_dead = False
    assert [type(client.wait(one)) for one in ids] == [Done] * 8
