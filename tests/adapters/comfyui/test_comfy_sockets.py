"""The websocket beside a job: absent, silent, dropped, deaf; a job needs none to end well."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from darkroom.adapters.comfyui import ComfyClient, Timing, listener
from darkroom.adapters.comfyui.address import read_address
from darkroom.adapters.comfyui.listener import Broken, Listener
from darkroom.core.jobs import Done, Progress
from tests.fakes.comfy_server import ComfyServer, Job, draw, finish, start
from tests.fakes.fast_timing import FAST
from tests.fakes.until import until

Graph = dict[str, dict[str, Any]]
Connect = Callable[..., ComfyClient]


def drawn(client: ComfyClient, graph: Graph, prompt_id: str) -> Any:
    client.submit(graph, prompt_id)
    return client.wait(prompt_id)


def test_without_any_socket_history_and_queue_are_enough(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.takes_sockets = False
    assert isinstance(drawn(client, graph, prompt_id), Done)


def test_a_server_without_sockets_is_not_asked_for_one_each_time(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.takes_sockets = False
    drawn(client, graph, prompt_id)
    drawn(client, graph, prompt_id[:-4] + "aaaa")
    assert comfy.count("GET /ws") == 1


def test_a_socket_that_sends_no_status_is_given_up(
    connect: Connect, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    comfy.says_status = False
    client = connect(replace(FAST, socket_ready_s=0.1))
    assert isinstance(drawn(client, graph, prompt_id), Done)


def test_a_dropped_socket_is_opened_again_and_tells_on(
    connect: Connect, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    seen: list[Progress] = []

    def dropped(server: ComfyServer, job: Job) -> None:
        start(server, job)
        server.tell(job, "executing", node="1")
        # no new socket while the server still has the old one, or it would be deaf
        server.takes_sockets = False
        server.sockets.hang_up_all()
        until(lambda: server.sockets.all == [])
        server.takes_sockets = True
        until(lambda: server.sockets.all and server.sockets.all[0].sent)  # greeted: it listens
        server.tell(job, "progress", value=2, max=3, node="1")
        until(lambda: 2 in [progress.step for progress in seen])
        finish(server, job)

    comfy.work = dropped
    client = connect()
    client.submit(graph, prompt_id)
    assert isinstance(client.wait(prompt_id, seen.append), Done)
    assert comfy.sockets.opened == [prompt_id, prompt_id]


def test_a_second_socket_that_goes_deaf_costs_no_job(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    """The server notices the first socket's end late, and forgets the second one with it."""

    def deafening(server: ComfyServer, job: Job) -> None:
        server.sockets.lingers.set()
        server.sockets.hang_up_all()
        until(lambda: prompt_id not in server.sockets.by_id)
        draw(server, job)

    comfy.work = deafening
    assert isinstance(drawn(client, graph, prompt_id), Done)
    assert len(comfy.sockets.opened) == 2


def test_a_socket_that_answers_no_ping_is_replaced(
    connect: Connect, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    def until_replaced(server: ComfyServer, job: Job) -> None:
        start(server, job)
        until(lambda: len(server.sockets.opened) > 1)
        finish(server, job)

    comfy.work = until_replaced
    client = connect(replace(FAST, socket_ping_s=0.03, socket_idle_s=0.08))
    client.submit(graph, prompt_id)
    for peer in comfy.sockets.all:
        peer.answers_pings = False
    assert isinstance(client.wait(prompt_id), Done)
    assert len(comfy.sockets.opened) > 1


class Clock:
    """Time as a test passes it, on top of what really passes."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(listener, "time", made)
    return made


@pytest.fixture
def listening(served: tuple[ComfyServer, str]) -> Iterator[Listener]:
    """Pings after 200 s of silence, and gives up after 500 s."""
    timing = Timing(socket_ping_s=200, socket_idle_s=500)
    found = Listener(read_address(served[1]), timing, "me")
    assert found.open()
    yield found
    found.close()


def test_a_ping_that_is_answered_keeps_the_socket(clock: Clock, listening: Listener) -> None:
    for _ in range(3):
        clock.ahead_s += 300
        moment = clock.monotonic()
        while listening._heard_at < moment:
            assert not isinstance(listening.hear(0.02), Broken)
    assert listening.is_open


def test_a_ping_that_is_not_answered_ends_the_socket(
    comfy: ComfyServer, clock: Clock, listening: Listener
) -> None:
    comfy.sockets.all[0].answers_pings = False
    clock.ahead_s += 300
    listening.hear(0.02)
    clock.ahead_s += 300
    until(lambda: isinstance(listening.hear(0.02), Broken))
    assert not listening.is_open


def test_a_server_that_closes_the_socket_politely_is_asked_instead(
    client: ComfyClient, comfy: ComfyServer, graph: Graph, prompt_id: str
) -> None:
    def closing(server: ComfyServer, job: Job) -> None:
        with server.sockets.lock:
            server.sockets.by_id[prompt_id].frame(8, b"\x03\xe9")
        time.sleep(0.05)
        draw(server, job)

    comfy.work = closing
    assert isinstance(drawn(client, graph, prompt_id), Done)
