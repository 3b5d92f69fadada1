"""A graph that saves several images: every one is kept, and the first commits the job."""

import json

import pytest

from darkroom.core.keys import companion_key
from darkroom.writepath.crashpoints import armed
from darkroom.writepath.desk import Committed, Job
from darkroom.writepath.draw import draw
from tests.writepath.invariants import violations
from tests.writepath.scenes import KEYS, KILLED, Scene, a_job, graph, in_child


def a_batch(copies: int, seed: int = 1) -> Job:
    nodes = graph(seed)
    nodes["9"]["inputs"]["copies"] = copies
    known = a_job(seed)
    return Job(KEYS, seed, nodes, seed, "fake/1.0", describes=known.describes)


@pytest.fixture
def scene(tmp_path) -> Scene:
    return Scene(tmp_path)


def test_every_saved_image_is_kept_with_a_sidecar_of_its_own(scene):
    drawn = draw(a_batch(3), scene.desk(), scene.server)
    assert isinstance(drawn, Committed)
    names = [path.name for path in scene.files("*/images/*.png")]
    assert names == ["iteration_001-02.png", "iteration_001-03.png", "iteration_001.png"]
    assert drawn.companions == tuple(companion_key(drawn.image_key, at) for at in (2, 3))
    documents = [json.loads(path.read_text()) for path in scene.files("*/images/*.png.json")]
    assert [one["identity"].get("output") for one in documents] == [2, 3, None]
    assert len({one["identity"]["key"] for one in documents}) == 3
    assert {one["input"]["prompt"] for one in documents} == {"a red circle"}
    assert violations(scene.root) == []


def test_the_same_batch_again_draws_nothing(scene):
    first = draw(a_batch(2), scene.desk(), scene.server)
    again = draw(a_batch(2), scene.desk(), scene.server)
    assert isinstance(first, Committed)
    assert isinstance(again, Committed)
    assert (again.image_key, again.fresh) == (first.image_key, False)
    assert len(scene.server.submissions) == 1


@pytest.mark.parametrize(
    "point",
    ["after-fetch", "after-image:1", "after-companion:1", "after-companion:2", "after-sidecar:2"],
)
def test_a_batch_killed_anywhere_is_whole_after_the_next_call(scene, point):
    def work() -> None:
        with armed(point):
            draw(a_batch(3), scene.desk(), scene.server)

    assert in_child(work) == KILLED
    assert isinstance(draw(a_batch(3), scene.desk(), scene.server), Committed)
    assert len(scene.files("*/images/*.png.json")) == 3
    assert violations(scene.root) == []
    assert len(scene.server.submissions) == 1


def test_reconcile_collects_a_batch_too(scene):
    def work() -> None:
        with armed("after-companion:1"):
            draw(a_batch(3), scene.desk(), scene.server)

    assert in_child(work) == KILLED
    scene.reconcile()
    assert len(scene.files("*/images/*.png.json")) == 3
    assert violations(scene.root) == []
