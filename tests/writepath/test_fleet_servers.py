"""A fleet of servers that speak ComfyUI's protocol, each with a trouble of its own."""

import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace

import pytest

from darkroom.adapters.comfyui import ComfyClient
from darkroom.core.fleet.health import Patience
from darkroom.writepath.desk import Committed
from darkroom.writepath.fleet import Order, Terms, draw_fleet
from tests.fakes.comfy_server import draw, end_badly, hold, running_server, start
from tests.fakes.fault_proxy import FaultProxy
from tests.fakes.several_servers import NO_STALLS
from tests.fakes.until import until
from tests.writepath.invariants import sidecars, violations
from tests.writepath.scenes import Scene, a_job

SOUND = replace(NO_STALLS, outage_s=0.3, zombie_s=60.0, stall_s=60.0, first_progress_s=60.0)
"""Only who refuses is away: a server of the test that is slow on a busy machine is no sick one."""
HASTY = replace(SOUND, zombie_s=0.3, stall_s=0.5, first_progress_s=0.8)
PATIENT = Terms(patience=Patience(0.1, longest_pause_s=0.3, failures=1000), losses=9)
"""More losses than one job can meet here by chance; what too many lead to is test_fleet's."""


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


class Servers:
    """Scripted servers by name, each behind a proxy that a test may close."""

    def __init__(self, stack, names="abc", hasty=""):
        self.comfy, self.clients, self.proxies = {}, {}, {}
        for name in names:
            comfy, url = stack.enter_context(running_server())
            proxy = stack.enter_context(FaultProxy(int(url.rpartition(":")[2])))
            self.comfy[name], self.proxies[name] = comfy, proxy
            self.clients[name] = ComfyClient(name, proxy.url, HASTY if name in hasty else SOUND)
            stack.callback(self.clients[name].close)

    def cut_off(self, name, *, is_away):
        self.proxies[name].faults.refuse = is_away
        if is_away:
            self.proxies[name].hang_up()

    def wait_until(self, is_time, names):
        """These draw nothing before that: whatever they take, something is left for the others."""

        def work(server, job):
            until(is_time)
            draw(server, job)

        for name in names:
            self.comfy[name].work = work

    def seeds(self, name):
        return [post["prompt"]["3"]["inputs"]["seed"] for post in self.comfy[name].posts]


@pytest.fixture
def servers(request):
    with ExitStack() as stack:
        yield Servers(stack, hasty=getattr(request, "param", ""))


def orders(count):
    return [Order(None, lambda _receipt, n=n: a_job(n)) for n in range(1, count + 1)]


def check(scene, results):
    assert [type(result) for result in results] == [Committed] * len(results)
    assert violations(scene.root) == []
    assert len(list(sidecars(scene.root))) == len(results)


def test_servers_that_die_restart_and_hang_cost_no_image_and_double_none(scene, servers):
    comfy = servers.comfy
    troubles, died = Counter(), threading.Event()

    def dies(server, job):
        troubles["died"] += 1
        start(server, job)
        servers.cut_off("a", is_away=True)
        died.set()

    def restarts(server, job):
        died.wait(60.0)
        if troubles["restarted"] < 2:
            troubles["restarted"] += 1
            server.restart()
        else:
            draw(server, job)

    comfy["a"].work, comfy["b"].work = dies, restarts
    servers.wait_until(lambda: troubles["restarted"] == 2, "c")
    results = draw_fleet(orders(12), scene.desk(), servers.clients, terms=PATIENT)
    check(scene, results)
    assert troubles["died"] >= 1
    assert troubles["restarted"] == 2


@pytest.mark.parametrize("servers", ["a"], indirect=True)
def test_a_server_whose_worker_is_dead_is_left_alone_and_its_jobs_move(scene, servers):
    servers.comfy["a"].is_worker_dead = True
    servers.wait_until(lambda: servers.comfy["a"].posts, "bc")
    results = draw_fleet(orders(8), scene.desk(), servers.clients, terms=PATIENT)
    check(scene, results)
    assert len(servers.comfy["a"].posts) >= 1
    assert servers.comfy["a"].pending == []  # what moved was taken off its queue


def test_a_server_that_comes_back_draws_again(scene, servers):
    away, said = threading.Event(), []

    def naps(server, job):
        if not away.is_set():
            away.set()
            servers.cut_off("a", is_away=True)
        draw(server, job)

    def hear(text):
        said.append(text)
        if text.startswith("a failed"):
            servers.cut_off("a", is_away=False)

    servers.comfy["a"].work = naps
    only = [replace(each, hosts=frozenset("a")) for each in orders(5)]
    heard = replace(PATIENT, said=hear)
    results = draw_fleet(only, scene.desk(), servers.clients, terms=heard)
    check(scene, results)
    assert sorted(set(servers.seeds("a"))) == [1, 2, 3, 4, 5]
    assert said[-1] == "a answers again and draws on"


def test_memory_that_ran_out_is_freed_on_that_server_and_the_job_drawn_after_all(scene, servers):
    def runs_out(server, job):
        server.work = draw
        facts = {"exception_type": "torch.OutOfMemoryError", "exception_message": "x"}
        end_badly(server, job, "execution_error", node_id="3", **facts)

    servers.comfy["a"].work = runs_out
    one = {"a": servers.clients["a"]}
    check(scene, draw_fleet(orders(3), scene.desk(), one, terms=PATIENT))
    assert servers.comfy["a"].count("POST /free") == 1


@pytest.mark.parametrize("servers", ["a"], indirect=True)
def test_a_job_that_goes_nowhere_is_stopped_and_drawn_by_another_server(scene, servers):
    servers.comfy["a"].work = hold
    servers.wait_until(lambda: servers.comfy["a"].posts, "bc")
    results = draw_fleet(orders(6), scene.desk(), servers.clients, terms=PATIENT)
    check(scene, results)
    assert servers.comfy["a"].count("POST /api/jobs") >= 1
