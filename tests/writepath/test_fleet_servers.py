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
from tests.fakes.fast_timing import FAST
from tests.fakes.fault_proxy import FaultProxy
from tests.writepath.invariants import sidecars, violations
from tests.writepath.scenes import Scene, a_job

SHORT = replace(FAST, outage_s=0.3, zombie_s=0.3, stall_s=0.5, first_progress_s=0.8, poll_s=0.1)
PATIENT = Terms(patience=Patience(first_pause_s=0.1, longest_pause_s=0.3, failures=30))


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


class Servers:
    """Scripted servers by name, each behind a proxy that a test may close."""

    def __init__(self, stack, names="abc"):
        self.comfy, self.clients, self.proxies = {}, {}, {}
        for name in names:
            comfy, url = stack.enter_context(running_server())
            proxy = stack.enter_context(FaultProxy(int(url.rpartition(":")[2])))
            client = ComfyClient(name, proxy.url, SHORT)
            stack.callback(client.close)
            self.comfy[name], self.proxies[name], self.clients[name] = comfy, proxy, client

    def cut_off(self, name, *, is_away):
        self.proxies[name].faults.refuse = is_away
        if is_away:
            self.proxies[name].hang_up()

    def seeds(self, name):
        return [post["prompt"]["3"]["inputs"]["seed"] for post in self.comfy[name].posts]


@pytest.fixture
def servers():
    with ExitStack() as stack:
        yield Servers(stack)


def orders(count):
    return [Order(None, lambda _receipt, n=n: a_job(n)) for n in range(1, count + 1)]


def check(scene, results):
    assert [type(result) for result in results] == [Committed] * len(results)
    assert violations(scene.root) == []
    assert len(list(sidecars(scene.root))) == len(results)


def test_servers_that_die_restart_and_hang_cost_no_image_and_double_none(scene, servers):
    comfy = servers.comfy
    troubles = Counter()

    def dies(server, job):
        troubles["died"] += 1
        start(server, job)
        servers.cut_off("a", is_away=True)

    def restarts(server, job):
        if troubles["restarted"] < 2:
            troubles["restarted"] += 1
            server.restart()
        else:
            draw(server, job)

    comfy["a"].work, comfy["b"].work = dies, restarts
    results = draw_fleet(orders(12), scene.desk(), servers.clients, terms=PATIENT)
    check(scene, results)
    assert troubles["died"] >= 1
    assert troubles["restarted"] == 2


def test_a_server_whose_worker_is_dead_is_left_alone_and_its_jobs_move(scene, servers):
    servers.comfy["a"].is_worker_dead = True
    results = draw_fleet(orders(8), scene.desk(), servers.clients, terms=PATIENT)
    check(scene, results)
    assert len(servers.comfy["a"].posts) >= 1
    assert servers.comfy["a"].pending == []  # what moved was taken off its queue


def test_a_server_that_comes_back_draws_again(scene, servers):
    away = threading.Event()

    def naps(server, job):
        if not away.is_set():
            away.set()
            servers.cut_off("a", is_away=True)
            threading.Timer(0.8, servers.cut_off, ("a",), {"is_away": False}).start()
        draw(server, job)

    servers.comfy["a"].work = naps
    only = [replace(each, hosts=frozenset("a")) for each in orders(5)]
    results = draw_fleet(only, scene.desk(), servers.clients, terms=PATIENT)
    check(scene, results)
    assert sorted(set(servers.seeds("a"))) == [1, 2, 3, 4, 5]


def test_memory_that_ran_out_is_freed_on_that_server_and_the_job_drawn_after_all(scene, servers):
    def runs_out(server, job):
        server.work = draw
        facts = {"exception_type": "torch.OutOfMemoryError", "exception_message": "x"}
        end_badly(server, job, "execution_error", node_id="3", **facts)

    servers.comfy["a"].work = runs_out
    one = {"a": servers.clients["a"]}
    check(scene, draw_fleet(orders(3), scene.desk(), one, terms=PATIENT))
    assert servers.comfy["a"].count("POST /free") == 1


def test_a_job_that_goes_nowhere_is_stopped_and_drawn_by_another_server(scene, servers):
    servers.comfy["a"].work = hold
    results = draw_fleet(orders(6), scene.desk(), servers.clients, terms=PATIENT)
    check(scene, results)
    assert servers.comfy["a"].count("POST /api/jobs") >= 1
