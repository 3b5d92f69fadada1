"""A server that is away is waited for: what is said of it, what is held, and how it ends."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from darkroom.adapters.comfyui import ComfyClient
from darkroom.adapters.renderer import Graph
from darkroom.core.errors import ComfyUnreachable, Interrupted, ServerAway
from darkroom.core.fleet.health import Patience
from darkroom.writepath import batch
from darkroom.writepath.batch import Broke, draw_batch, one_server
from darkroom.writepath.desk import Committed
from darkroom.writepath.fleet import HostTerms, Order, Terms, draw_fleet
from tests.fakes.comfy_server import ComfyServer, Job, draw, end_badly, finish, start
from tests.fakes.fake_renderer import FakeRenderer
from tests.fakes.several_servers import NO_STALLS, Servers, running_servers
from tests.writepath.invariants import violations
from tests.writepath.scenes import Scene, a_job, in_child

LONG_S = 60.0
SHORT_S = 0.3
TIMING = replace(NO_STALLS, outage_s=0.3)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(batch, "PATIENCE", Patience(0.05, 2.0, 0.1, 2))
    return Scene(tmp_path)


class Restarting(FakeRenderer):
    """Goes away with the second job it takes, until it was asked some times in vain."""

    def __init__(self, folder: Path, refusals: int) -> None:
        super().__init__(folder)
        self.refusals = refusals

    def submit(self, graph: Graph, prompt_id: str) -> None:
        super().submit(graph, prompt_id)
        if self.refusals and len(self.submissions) > 1:
            self.script(down=True)

    def receipt(self) -> Any:
        if self.refusals and self._script().get("down"):
            self.refusals -= 1
            if not self.refusals:
                self.restart()
                self.script(down=False)
        return super().receipt()


def test_a_server_that_restarts_costs_no_job_and_a_person_hears_of_it(scene: Scene) -> None:
    server, said = Restarting(scene.server.folder, 5), []
    jobs, terms = map(a_job, range(1, 5)), one_server(LONG_S, said.append)
    results = draw_batch(jobs, scene.desk(), server, terms=terms)
    assert [type(result) for result in results] == [Committed] * 4
    assert violations(scene.root) == []
    assert said == [
        "fake failed, it is waited for, 60 s at most: the fake server is down",
        "fake answers again and draws on",
    ]


def test_the_slot_of_a_server_that_is_waited_for_is_free_meanwhile(scene: Scene) -> None:
    held, seen = Counter[str](), []

    class Watched(Restarting):
        def receipt(self) -> Any:
            if self._script().get("down"):
                seen.append(held["fake"])
            return super().receipt()

    @contextmanager
    def slot(host: str) -> Iterator[None]:
        held[host] += 1
        yield
        held[host] -= 1

    server = Watched(scene.server.folder, 4)
    draw_batch(map(a_job, (1, 2)), scene.desk(), server, slot=slot, terms=one_server(LONG_S))
    assert seen[-2:] == [0, 0]


def test_a_server_that_stays_away_ends_the_wait_with_what_to_do(scene: Scene) -> None:
    scene.server.script(down=True)
    (result,) = draw_batch([a_job(1)], scene.desk(), scene.server, terms=one_server(SHORT_S))
    assert isinstance(result, Broke)
    assert isinstance(result.error, ServerAway)
    assert result.error.message == (
        "fake was waited for 0.3 s and does not answer: the fake server is down"
    )
    assert "same command again" in result.error.hint
    scene.server.script(down=False)
    (result,) = draw_batch([a_job(1)], scene.desk(), scene.server)
    assert isinstance(result, Committed)


def test_ctrl_c_ends_the_wait_even_where_a_question_is_never_answered(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("darkroom.writepath.fleet_crew._LANDING_S", 60.0)
    asked, came_back = threading.Event(), threading.Event()

    class Hangs(FakeRenderer):
        """Gone at the first question; the next ones it takes and never answers."""

        is_first = True

        def receipt(self) -> Any:
            if self.is_first:
                self.is_first = False
                raise ComfyUnreachable("usage", "gone")
            asked.set()
            time.sleep(45.0)
            came_back.set()
            return super().receipt()

    def press(_text: str) -> None:
        threading.Thread(target=_press_once, args=(asked,), daemon=True).start()

    def work() -> None:
        terms = one_server(LONG_S, press)
        with pytest.raises(Interrupted):
            draw_batch([a_job(1)], scene.desk(), Hangs(scene.server.folder), terms=terms)
        assert asked.is_set()
        assert not came_back.is_set()

    assert in_child(work) == 0


def test_what_a_batch_that_is_over_left_on_a_server_is_not_stopped_when_that_answers_late(
    scene: Scene,
) -> None:
    asked, may_answer, answered = threading.Event(), threading.Event(), threading.Event()
    cancelled: list[str] = []

    class Late(FakeRenderer):
        """Out of reach once it has the job; the question after that is answered at last."""

        is_away = False

        def wait(self, prompt_id: str, on_progress: Any = None) -> Any:
            self.is_away = True
            raise ComfyUnreachable("usage", "out of reach")

        def receipt(self) -> Any:
            if self.is_away:
                asked.set()
                may_answer.wait(60.0)
            return super().receipt()

        def cancel(self, prompt_id: str) -> bool:
            cancelled.append(prompt_id)
            return super().cancel(prompt_id)

    def said(text: str) -> None:
        if "answers again" in text:
            answered.set()

    scene.server.script(held=True)
    terms = Terms(patience=Patience(0.05, 2.0, 0.05, 9, LONG_S), said=said)
    order, hosts = Order(None, lambda _receipt: a_job(1)), {"fake": Late(scene.server.folder)}
    (result,) = draw_fleet([order], scene.desk(), hosts, terms=terms, stop=asked.is_set)
    assert isinstance(result, Broke)
    assert result.error.code == "order-withheld"
    may_answer.set()
    assert answered.wait(60.0)
    assert cancelled == []  # the next batch finds the promise and collects the image


def _press_once(asked: threading.Event) -> None:
    if asked.wait(60.0):
        os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def servers() -> Iterator[Servers]:
    with running_servers("a", "b") as made:
        yield made


@pytest.mark.parametrize("names", ["a", "ab"])
def test_a_job_that_runs_on_while_its_server_is_out_of_reach_is_collected_and_not_stopped(
    scene: Scene, servers: Servers, names: str
) -> None:
    """With another server that is busy as well as with none."""
    failed, answers, taken = threading.Event(), threading.Event(), threading.Event()

    def outlives(server: ComfyServer, job: Job) -> None:
        if "b" in names:  # else it might take over what a had
            taken.wait(60.0)
        start(server, job)
        servers.cut_off("a")
        failed.wait(60.0)
        servers.comes_back("a")
        answers.wait(60.0)
        is_whole = not job.stopped.is_set()
        finish(server, job) if is_whole else end_badly(server, job, "execution_interrupted")

    def busy(server: ComfyServer, job: Job) -> None:
        taken.set()
        answers.wait(60.0)
        draw(server, job)

    def said(text: str) -> None:
        (answers if "answers again" in text else failed).set()

    servers.comfy["a"].work, servers.comfy["b"].work = outlives, busy
    terms = Terms({"b": HostTerms(places=1)}, patience=Patience(0.05, 2.0, 0.1, 1000), said=said)
    orders = [
        Order(None, lambda _receipt, n=n: a_job(n), prefers=name)
        for n, name in enumerate(names, start=1)
    ]
    with ExitStack() as stack:
        clients = {name: ComfyClient(name, servers.urls[name], TIMING) for name in names}
        for client in clients.values():
            stack.callback(client.close)
        results = draw_fleet(orders, scene.desk(), clients, terms=terms)
    assert [type(result) for result in results] == [Committed] * len(names)
    assert servers.drawn("a") == 1
    assert violations(scene.root) == []
