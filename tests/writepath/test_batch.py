import os
import signal
import threading

import pytest

from darkroom.core.errors import ComfyUnreachable, Interrupted, VisionError
from darkroom.writepath.batch import Broke, draw_batch
from darkroom.writepath.desk import Committed
from tests.fakes.fake_renderer import FakeRenderer
from tests.writepath.fleet_scenes import held_until
from tests.writepath.invariants import violations
from tests.writepath.scenes import Scene, a_job, in_child


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


def test_results_come_in_the_order_of_the_jobs_and_two_at_most_are_in_the_server(scene):
    scene.server.script(questions=3)
    told, server = [], scene.server
    results = draw_batch(
        map(a_job, range(1, 13)),
        scene.desk(),
        server,
        on_result=lambda n, _: told.append(n),
        on_progress=held_until({"fake": server}, lambda: len(server.submissions) == 2),
    )
    assert [result.image_key[-7:-4] for result in results] == [f"{n:03d}" for n in range(1, 13)]
    assert sorted(told) == list(range(12))
    assert scene.server.most_at_once == 2
    assert violations(scene.root) == []


def test_jobs_are_taken_only_when_a_thread_is_free_for_them(scene):
    taken, most = 0, 0

    def jobs():
        nonlocal taken
        for seed in range(1, 11):
            taken += 1
            yield a_job(seed)

    def watch(_number, _result):
        nonlocal most
        most = max(most, taken - len(scene.files("*/images/*.json")))

    draw_batch(jobs(), scene.desk(), scene.server, on_result=watch)
    assert taken == 10
    assert most <= 4


def test_the_next_image_is_drawn_while_this_one_is_judged(scene):
    next_is_drawn = threading.Event()

    class Noticing(FakeRenderer):
        def submit(self, graph, prompt_id):
            super().submit(graph, prompt_id)
            if len(self.submissions) == 3:
                next_is_drawn.set()

    def judge(_stored):
        assert next_is_drawn.wait(60)
        return {}

    jobs = [a_job(seed, asked={"red": "?"}) for seed in (1, 2, 3)]
    results = draw_batch(jobs, scene.desk(), Noticing(scene.server.folder), answer=judge)
    assert all(isinstance(result, Committed) for result in results)


def test_the_failure_of_one_costs_no_other(scene):
    def judge(stored):
        if stored.intent.iteration == 2:
            raise VisionError("usage", "away")
        return {}

    jobs = [a_job(seed, asked={"red": "?"}) for seed in (1, 2, 3)]
    results = draw_batch(jobs, scene.desk(), scene.server, answer=judge)
    assert [type(result) for result in results] == [Committed, Broke, Committed]


def test_the_same_job_twice_in_a_batch_is_drawn_once(scene):
    results = draw_batch([a_job(1), a_job(1, iteration=2)], scene.desk(), scene.server)
    assert {result.image_key for result in results} == {results[0].image_key}
    assert len(scene.server.submissions) == 1


def test_a_server_that_goes_away_breaks_each_job_and_hangs_none(scene):
    scene.server.script(down=True)
    results = draw_batch([a_job(1), a_job(2)], scene.desk(), scene.server)
    assert [type(result.error) for result in results] == [ComfyUnreachable] * 2


def test_a_mistake_of_ours_is_raised_in_the_callers_thread(scene):
    def judge(_stored):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        draw_batch([a_job(1, asked={"red": "?"})], scene.desk(), scene.server, answer=judge)


def test_ctrl_c_calls_back_what_is_on_the_server_and_keeps_what_is_done(scene, monkeypatch):
    # with the usual patience a loaded machine leaves a job open, for reconcile to settle
    monkeypatch.setattr("darkroom.writepath.fleet_crew._LANDING_S", 60.0)

    def work():
        def stop(_number, _result):
            if not pressed:
                pressed.append(1)
                scene.server.script(held=True)
                os.kill(os.getpid(), signal.SIGINT)

        pressed: list[int] = []
        with pytest.raises(Interrupted):
            draw_batch(map(a_job, range(1, 50)), scene.desk(), scene.server, on_result=stop)

    assert in_child(work) == 0
    assert scene.files("*/images/*.json") != []
    assert violations(scene.root) == []
    assert len(scene.server.submissions) < 8
    scene.server.script(held=False)
    results = draw_batch(map(a_job, range(1, 8)), scene.desk(), scene.server)
    assert all(isinstance(result, Committed) for result in results)
    assert violations(scene.root) == []


def test_ctrl_c_twice_ends_at_once_and_leaves_the_rest_to_reconcile(scene):
    class Deaf(FakeRenderer):
        def cancel(self, prompt_id):
            if next(again, False):
                os.kill(os.getpid(), signal.SIGINT)
            return False

    def press(progress):
        waited_for.add(progress.prompt_id)
        # not before both are waited for: one just sent is called back by its own thread
        if len(waited_for) == 2 and next(first, False):
            os.kill(os.getpid(), signal.SIGINT)

    waited_for: set[str] = set()
    first, again = iter([True]), iter([True])

    def work():
        scene.server.script(held=True)
        jobs = map(a_job, range(1, 5))
        with pytest.raises(Interrupted):
            draw_batch(jobs, scene.desk(), Deaf(scene.server.folder), on_progress=press)

    assert in_child(work) == 0
    scene.server.script(held=False)
    assert [finding.kind for finding in scene.reconcile().findings] == ["collected", "collected"]
    assert violations(scene.root) == []
