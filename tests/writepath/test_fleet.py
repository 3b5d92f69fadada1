import itertools
import json
import threading
from collections import Counter
from contextlib import contextmanager

import pytest

from darkroom.core.errors import ComfyUnreachable, JobLost, UsageError
from darkroom.core.fleet.budget import Budget
from darkroom.core.fleet.health import Patience
from darkroom.writepath.desk import Committed, Ended
from darkroom.writepath.fleet import Broke, HostTerms, Order, Terms, draw_fleet
from tests.writepath.fleet_scenes import Host, held_until, once, order, terms
from tests.writepath.invariants import violations
from tests.writepath.scenes import Scene


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


@pytest.fixture
def hosts(tmp_path):
    return {name: Host(tmp_path / f"server-{name}", name) for name in "ab"}


def test_several_servers_draw_everything_once_and_hold_two_jobs_at_most(scene, hosts):
    for host in hosts.values():
        host.script(questions=5)
    told = []
    results = draw_fleet(
        [order(n) for n in range(1, 21)],
        scene.desk(),
        hosts,
        on_result=lambda number, _result: told.append(number),
        on_progress=held_until(
            hosts, lambda: all(len(host.submissions) == 2 for host in hosts.values())
        ),
    )
    assert [r.image_key[-7:-4] for r in results] == [f"{n:03d}" for n in range(1, 21)]
    assert sorted(told) == list(range(20))
    assert sorted(hosts["a"].sent + hosts["b"].sent) == list(range(1, 21))
    assert [host.most_at_once for host in hosts.values()] == [2, 2]
    assert violations(scene.root) == []


def test_orders_of_one_model_stay_together_and_an_idle_server_helps_out(scene, hosts):
    models = {n: "x" if n % 2 else "y" for n in range(1, 41)}
    a, b = hosts.values()

    def loads(host):
        return [model for model, _ in itertools.groupby(models[n] for n in host.sent)]

    begin = held_until({"a": a}, lambda: bool(a.sent and b.sent))
    go_on = held_until({"b": b}, lambda: len(loads(a)) == 2)  # its own are drawn, it helps out

    def progress(told):
        begin(told)
        go_on(told)

    one_by_one = terms(hosts={name: HostTerms(places=1) for name in hosts})  # sent as it was taken
    orders = [order(n, models[n]) for n in models]
    draw_fleet(orders, scene.desk(), hosts, on_progress=progress, terms=one_by_one)
    assert sorted(a.sent + b.sent) == list(models)
    assert loads(a) in (["x", "y"], ["y", "x"])
    assert loads(b) == loads(a)[1:]


def test_a_server_draws_only_the_models_it_may_and_an_order_only_where_it_may(scene, hosts):
    orders = [order(1, "sdxl/a"), order(2, "flux"), order(3, hosts="b"), order(4, "sd15")]
    allowed = {"a": HostTerms(("sdxl/*", "sd15"), places=1), "b": HostTerms(("flux",))}
    draw_fleet(orders, scene.desk(), hosts, terms=terms(hosts=allowed))
    assert sorted(hosts["a"].sent) == [1, 4]
    assert sorted(hosts["b"].sent) == [2, 3]
    assert hosts["a"].most_at_once == 1


def test_work_moves_when_a_server_dies_and_what_it_had_is_recorded_as_lost(scene, hosts):
    for host in hosts.values():
        host.script(held=True)
    deaths = iter([True])

    def die(_progress):
        if len(hosts["a"].submissions) == 2 and next(deaths, False):
            hosts["a"].script(down=True)
            hosts["b"].script(held=False)

    orders, said = [order(n) for n in range(1, 9)], []
    told = terms(said=said.append)
    results = draw_fleet(orders, scene.desk(), hosts, on_progress=die, terms=told)
    assert said[0].startswith("a failed, its work goes to b: ")
    assert all(isinstance(result, Committed) for result in results)
    assert sorted(hosts["b"].sent) == list(range(1, 9))
    lost = [json.loads(path.read_text())["ended"] for path in scene.files("*/outcomes/*.json")]
    assert {each["cause"] for each in lost} == {"away"}
    assert [each["ran"] for each in lost].count(True) == 1  # the other waited behind it
    assert len(lost) >= 2
    assert violations(scene.root) == []


def test_what_only_one_server_may_draw_waits_until_it_is_back_and_is_collected(scene, hosts):
    outages = iter([True])

    class Napping(Host):
        """Away from the first step of its job on, until it was asked three times in vain."""

        left = 3

        def receipt(self):
            if self.left and self._script().get("down"):
                self.left -= 1
                if not self.left:
                    self.script(down=False, held=False)
            return super().receipt()

    def nap(_progress):
        if next(outages, False):
            hosts["a"].script(down=True)

    hosts["a"] = Napping(hosts["a"].folder, "a")
    hosts["a"].script(held=True)
    orders = [order(1, hosts="a")]
    (result,) = draw_fleet(orders, scene.desk(), hosts, on_progress=nap, terms=terms())
    assert hosts["a"].left == 0
    assert isinstance(result, Committed)
    assert hosts["a"].sent == [1]
    assert hosts["b"].sent == []


def test_a_server_that_stays_away_is_given_up_with_its_reason(scene, hosts):
    hosts["a"].script(down=True)
    hosts["b"].script(down=True)
    few = Terms(patience=Patience(0.01, failures=3))
    (result,) = draw_fleet([order(1)], scene.desk(), hosts, terms=few)
    assert result.error.code == "order-stranded"
    assert result.error.message.count("the fake server is down") == 2


def test_a_drained_server_finishes_what_it_has_and_takes_nothing_more(scene, hosts):
    drained = set()

    def drain(_progress):
        if len(hosts["a"].sent) == 2 and not drained:
            drained.add("a")
            for host in hosts.values():
                host.script(held=False)

    for host in hosts.values():
        host.script(held=True)  # nobody has room for more before a has what it is to finish
    chosen = terms(is_drained=lambda name: name in drained)
    orders = [order(n) for n in range(1, 13)]
    results = draw_fleet(orders, scene.desk(), hosts, on_progress=drain, terms=chosen)
    assert all(isinstance(result, Committed) for result in results)
    assert len(hosts["a"].sent) == 2
    assert len(hosts["b"].sent) == 10


def test_a_server_that_is_resumed_takes_orders_again(scene, hosts):
    drained, entered = {"a"}, []

    @contextmanager
    def slot(name):
        entered.append(name)
        yield

    chosen = terms(is_drained=lambda name: name in drained)
    orders = [order(1), order(2, hosts="a")]
    hosts["b"].script(questions=3)
    hosts["b"].behaves[1] = drained.clear
    results = draw_fleet(orders, scene.desk(), hosts, slot=slot, terms=chosen)
    assert all(isinstance(result, Committed) for result in results)
    assert entered == ["b", "a"]


def test_nobody_waits_for_servers_that_are_all_drained(scene, hosts):
    chosen = terms(is_drained=lambda _name: True)
    (result,) = draw_fleet([order(1)], scene.desk(), hosts, terms=chosen)
    assert result.error.code == "order-stranded"
    assert "a: drained; b: drained" in result.error.message


def test_a_job_that_stops_two_servers_is_set_aside_and_the_others_are_drawn(scene, hosts):
    for host in hosts.values():
        host.behaves[13] = "vanish"
    orders = [order(n) for n in (1, 13, 2, 3, 4, 5)]
    one_by_one = {name: HostTerms(places=1) for name in hosts}
    results = draw_fleet(orders, scene.desk(), hosts, terms=terms(hosts=one_by_one))
    assert [type(r) for r in results] == [Committed, Ended, *[Committed] * 4]
    assert results[1].cause == "lost"
    sent = Counter(hosts["a"].sent + hosts["b"].sent)
    assert sent[13] == 2
    assert 13 in hosts["a"].sent
    assert 13 in hosts["b"].sent
    assert violations(scene.root) == []


def test_a_lost_job_that_is_lost_no_more_is_drawn_elsewhere(scene, hosts):
    hosts["a"].behaves[1] = hosts["b"].behaves[1] = once("vanish")
    (result,) = draw_fleet([order(1)], scene.desk(), hosts, terms=terms())
    assert isinstance(result, Committed)
    assert len(hosts["a"].sent) == len(hosts["b"].sent) == 1


def test_a_job_that_goes_nowhere_moves_and_its_server_is_left_alone(scene, hosts):
    hosts["a"].behaves[1] = "stalled"
    hosts["b"].behaves[1] = "stalled"
    (result,) = draw_fleet([order(1)], scene.desk(), hosts, terms=terms())
    assert result.cause == "stalled"
    assert len(hosts["a"].sent) == len(hosts["b"].sent) == 1


def test_memory_that_ran_out_is_freed_and_the_job_tried_once_more(scene, hosts):
    del hosts["b"]
    hosts["a"].behaves = {1: once("out_of_memory"), 2: "out_of_memory"}
    results = draw_fleet([order(1), order(2)], scene.desk(), hosts, terms=terms())
    assert isinstance(results[0], Committed)
    assert results[1].cause == "out_of_memory"
    assert Counter(hosts["a"].sent) == {1: 2, 2: 2}
    assert (hosts["a"].folder / "freed.log").read_text() == "freed\n" * 2


def test_what_one_server_refuses_another_may_draw_and_else_it_is_refused(scene, hosts):
    hosts["a"].behaves = hosts["b"].behaves = {2: "refuse"}
    hosts["a"].behaves = {1: "refuse", 2: "refuse"}
    results = draw_fleet([order(1), order(2)], scene.desk(), hosts, terms=terms())
    assert isinstance(results[0], Committed)
    assert results[1].cause == "rejected"
    assert hosts["b"].sent.count(1) == 1
    assert max(hosts["a"].sent.count(2), hosts["b"].sent.count(2)) == 1


def test_a_stop_lets_what_is_begun_end_and_withholds_the_rest(scene, hosts):
    told = []
    results = draw_fleet(
        [order(n) for n in range(1, 30)],
        scene.desk(),
        hosts,
        on_result=lambda number, _result: told.append(number),
        stop=lambda: len(told) >= 3,
    )
    drawn = [n for n, result in enumerate(results) if isinstance(result, Committed)]
    assert sorted(told) == drawn
    assert 3 <= len(drawn) < 20
    withheld = [r.error.code for r in results if isinstance(r, Broke)]
    assert set(withheld) == {"order-withheld"}
    assert len(results) == 29
    assert violations(scene.root) == []


@pytest.mark.parametrize(
    ("budget", "drawn"), [(Budget(images=5), 5), (Budget(gpu_seconds=1.0), 4), (Budget(0), 0)]
)
def test_nothing_is_begun_beyond_the_budget(scene, hosts, budget, drawn):
    del hosts["b"]
    limited = terms(budget=budget, hosts={"a": HostTerms(places=1)})
    results = draw_fleet([order(n) for n in range(1, 12)], scene.desk(), hosts, terms=limited)
    assert sum(isinstance(result, Committed) for result in results) == drawn
    assert "budget" in results[-1].error.message


def test_a_slot_is_held_for_a_server_as_long_as_it_works_and_not_per_image(scene, hosts):
    held, entered = set(), []

    @contextmanager
    def slot(name):
        entered.append(name)
        held.add(name)
        yield
        held.discard(name)

    def judge(stored):
        assert stored.intent.host in held
        return {}

    orders = [order(n, asked={"red": "?"}) for n in range(1, 13)]
    both = held_until(hosts, lambda: all(host.sent for host in hosts.values()))
    draw_fleet(orders, scene.desk(), hosts, answer=judge, on_progress=both, slot=slot)
    assert sorted(entered) == ["a", "b"]
    assert held == set()


def test_a_server_whose_slot_is_taken_is_done_without(scene, hosts):
    taken = threading.Event()

    @contextmanager
    def slot(name):
        if name == "a":
            taken.wait(100)
        yield

    results = draw_fleet([order(n) for n in (1, 2, 3)], scene.desk(), hosts, slot=slot)
    taken.set()
    assert all(isinstance(result, Committed) for result in results)
    assert hosts["a"].sent == []


def test_a_turn_ends_so_that_others_get_a_chance_at_the_server(scene, hosts):
    del hosts["b"]
    entered = []

    @contextmanager
    def slot(name):
        entered.append(name)
        yield

    draw_fleet([order(n) for n in range(1, 5)], scene.desk(), hosts, slot=slot)
    assert len(entered) == 1
    short = terms(turn_s=0.0)
    hosts["a"].script(questions=1)
    draw_fleet([order(n) for n in range(5, 8)], scene.desk(), hosts, slot=slot, terms=short)
    assert len(entered) > 2


def test_a_fleet_without_servers_is_refused(scene):
    with pytest.raises(UsageError, match="no server"):
        draw_fleet([order(1)], scene.desk(), {})


def test_an_order_that_cannot_be_made_into_a_job_breaks_alone(scene, hosts):
    def wrong(_receipt):
        raise UsageError("usage", "no such role")

    results = draw_fleet([Order(None, wrong), order(1)], scene.desk(), hosts)
    assert results[0] == Broke("", results[0].error)
    assert isinstance(results[1], Committed)


def test_a_job_is_not_passed_on_for_ever_however_innocent(scene, hosts):
    class Closed(Host):
        def submit(self, graph, prompt_id):
            self.sent.append(1)
            raise ComfyUnreachable("usage", "the door is shut")

    del hosts["b"]
    shut = {"a": Closed(hosts["a"].folder, "a")}
    (result,) = draw_fleet([order(1)], scene.desk(), shut, terms=terms())
    assert result.error.code == "job-handed-back"
    assert 1 < len(shut["a"].sent) <= 11


def test_a_job_that_stalls_every_server_is_set_aside_and_the_servers_rest(scene, hosts):
    hosts["a"].behaves[1] = hosts["b"].behaves[1] = "stalled"
    # alone on its server: where another job is before it, it may be innocent
    one_by_one = terms(hosts={name: HostTerms(places=1) for name in hosts})
    results = draw_fleet([order(1), order(2)], scene.desk(), hosts, terms=one_by_one)
    assert results[0].cause == "stalled"
    assert isinstance(results[1], Committed)


def test_a_mistake_in_a_slot_is_raised_in_the_callers_thread(scene, hosts):
    def broken(_name):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        draw_fleet([order(1)], scene.desk(), hosts, slot=broken)


def test_what_was_forgotten_between_drawing_and_fetching_is_drawn_again(scene, hosts):
    class Emptied(Host):
        def fetch(self, output):
            if len(self.submissions) == 1:
                raise JobLost("usage", "the file is gone")
            return super().fetch(output)

    del hosts["b"]
    emptied = {"a": Emptied(hosts["a"].folder, "a")}
    (result,) = draw_fleet([order(1)], scene.desk(), emptied, terms=terms())
    assert isinstance(result, Committed)
    assert len(emptied["a"].sent) == 2
