"""Flow runs that share a Prefect server take turns on a server that draws."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import httpx
import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from darkroom.runs.telling import Said, heard_by
from flows.laboratory import join
from tasks import gpu_slot as gpu_slot_module
from tasks.gpu_slot import gpu_slot, limit_of, line_of, make_limit
from tasks.limits import one_at_a_time
from tests.fakes.comfy_server import draw
from tests.fakes.s3_servers import free_port
from tests.flows.fault_scenes import Bench, Eyes


def slots(host):
    with get_client(sync_client=True) as client:
        return client.read_global_concurrency_limit_by_name(limit_of(host))


def test_a_slot_is_made_held_and_given_back_with_the_error_of_its_body(prefect_server):
    @flow(name="one-slot")
    def one_slot():
        with gpu_slot("made-now"):
            held.append(slots("made-now").active_slots)
            raise ValueError("of the body")

    held = []
    with pytest.raises(ValueError, match="of the body"):
        one_slot()
    assert held == [1]
    assert (slots("made-now").limit, slots("made-now").active_slots) == (1, 0)


def test_a_limit_that_an_operator_changed_stays(prefect_server):
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(limit_of("wide"), limit=3)
    with gpu_slot("wide"), gpu_slot("wide"):
        assert slots("wide").active_slots == 2
    assert slots("wide").limit == 3


def test_a_limit_that_all_ask_for_at_once_is_made_once_and_found_by_all(prefect_server):
    at_once = threading.Barrier(4)

    def ask(name):
        with get_client(sync_client=True) as client:
            at_once.wait(60)
            return make_limit(client, name)

    for name in ("new-1", "new-2", "new-3", "new-4"):
        with ThreadPoolExecutor(4) as pool:
            # a thread does not inherit which server the test talks to
            asking = [pool.submit(copy_context().run, ask, name) for _ in range(4)]
            assert len({each.result().id for each in asking}) == 1


def test_who_waits_for_another_run_says_so_and_gets_the_server_after_it(prefect_server):
    said, order = [], []
    waiting = threading.Event()

    def hear(event):
        if isinstance(event, Said):
            said.append(event.text)
            waiting.set()

    def second():
        with heard_by(hear), gpu_slot("busy"):
            order.append("second")

    thread = threading.Thread(target=second)
    with gpu_slot("busy"):
        thread.start()
        assert waiting.wait(60)
        order.append("first")
    thread.join(60)
    assert order == ["first", "second"]
    longest = "one killed on another machine lets go within 75 s"
    assert said == [f"another run draws on busy; waiting for it ({longest})"]


def in_line(host):
    with get_client(sync_client=True) as client:
        one_at_a_time(client, line_of(host))
        return client.read_global_concurrency_limit_by_name(line_of(host)).active_slots


def test_who_asks_again_and_again_lets_by_who_waits(prefect_server, monkeypatch):
    monkeypatch.setattr(gpu_slot_module, "TURN_S", 0.0)
    monkeypatch.setattr(gpu_slot_module, "_ASK_AGAIN_S", 0.05)
    order = []

    def second():
        with gpu_slot("shared"):
            order.append("second")

    # a thread does not inherit which server the test talks to
    thread = threading.Thread(target=copy_context().run, args=(second,))
    with gpu_slot("shared"):
        thread.start()
        until = time.monotonic() + 60
        while not in_line("shared"):
            assert time.monotonic() < until
            time.sleep(0.02)
    for number in range(2):
        with gpu_slot("shared"):
            order.append(number)
    thread.join(60)
    assert order == ["second", 0, 1]
    assert (slots("shared").active_slots, in_line("shared")) == (0, 0)


def test_a_run_has_its_turn_before_it_lets_anybody_by(prefect_server, monkeypatch):
    drawn = []
    with gpu_slot("turns"):
        pass
    in_line("turns")
    with gpu_slot_module._held(line_of("turns")):
        with gpu_slot("turns"):
            drawn.append("its turn is not over")
        monkeypatch.setattr(gpu_slot_module, "TURN_S", 0.0)
        monkeypatch.setattr(gpu_slot_module, "_ASK_AGAIN_S", 0.02)
        asking = threading.Event()
        held = gpu_slot_module._held

        def noted(limit):
            asking.set()
            return held(limit)

        def again():
            with gpu_slot("turns"):
                drawn.append("after the one that waits")

        monkeypatch.setattr(gpu_slot_module, "_held", noted)
        thread = threading.Thread(target=copy_context().run, args=(again,))
        thread.start()
        assert asking.wait(60)
        assert drawn == ["its turn is not over"]
    thread.join(60)
    assert drawn[1:] == ["after the one that waits"]


def test_a_command_with_a_prefect_of_its_own_asks_for_no_slot(tmp_path, monkeypatch):
    environ = {}
    join(tmp_path, environ)  # as a command does where nothing is up
    monkeypatch.setattr("tasks.gpu_slot.get_client", None)
    with temporary_settings({PREFECT_API_URL: environ["PREFECT_API_URL"]}), gpu_slot("any"):
        pass


def test_drawing_goes_on_when_prefect_does_not_answer(monkeypatch, prefect_server):
    def away(**_kinds):
        raise httpx.ConnectError("gone")

    monkeypatch.setattr("tasks.gpu_slot.get_client", away)
    said = []
    with heard_by(said.append), gpu_slot("any"):
        pass
    assert said == [Said("any is drawn on without its slot: ConnectError")]


def test_drawing_goes_on_when_prefect_goes_away_while_the_slot_is_asked_for(monkeypatch):
    # it was there a moment ago
    monkeypatch.setattr("tasks.gpu_slot._must_wait", lambda _host, _had_s: False)
    said, drawn = [], []
    gone = {PREFECT_API_URL: f"http://127.0.0.1:{free_port()}/api", PREFECT_CLIENT_MAX_RETRIES: 0}
    with temporary_settings(gone), heard_by(said.append), gpu_slot("any"):
        drawn.append("an image")
    assert drawn == ["an image"]
    assert said == [Said("any is drawn on without its slot: ConcurrencySlotAcquisitionError")]


@pytest.mark.slow
def test_two_runs_on_one_prefect_server_never_draw_at_once_on_one_server(bench, tmp_path):
    second = Bench(tmp_path / "second", bench.comfy, bench.comfy_url, bench.vision, bench.setenv)
    second.vision.think = Eyes(passing=((),))  # nothing is ever accepted: all images are drawn
    bench.write(budget=2)
    second.write(budget=2)
    together = []

    def slowly(server, job):
        # the first one gives the other run time to come and draw as well, if it could
        ends_at = time.monotonic() + (0.1 if together else 6)
        while time.monotonic() < ends_at:
            together.append(len(server.pending))
            time.sleep(0.02)
        draw(server, job)

    bench.comfy.work = slowly
    runs = [each.command() for each in (bench, second)]
    try:
        ended = [run.communicate(timeout=140) for run in runs]
    finally:
        bench.end_all()
        second.end_all()
    assert [run.returncode for run in runs] == [1, 1], ended
    assert len(bench.comfy.posts) == 4
    assert max(together) == 0
    assert slots("studio").active_slots == 0
