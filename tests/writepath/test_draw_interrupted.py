import hashlib
import json
import os

import pytest

from darkroom.adapters.stores import FolderStore, SpooledStore
from darkroom.core.errors import ComfyUnreachable, StoreCorrupt, StoreUnavailable, VisionError
from darkroom.core.keys import RunKeys
from darkroom.core.sidecar import parse
from darkroom.writepath.desk import Desk, Waiting
from darkroom.writepath.draw import draw
from tests.fakes.fake_renderer import FakeRenderer
from tests.writepath.invariants import violations
from tests.writepath.scenes import KEYS, Scene, a_job


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


def answered(stored):
    assert stored.picture.sha256
    return {"iteration": {"iteration": stored.intent.iteration, "questions": {"red": True}}}


def test_answers_are_part_of_the_sidecar_that_commits(scene):
    job = a_job(asked={"red": "is it red?"})
    draw(job, scene.desk(), scene.server, answer=answered)
    assert parse((scene.root / KEYS.sidecar(1)).read_bytes()).iteration.questions == {"red": True}


def test_an_image_whose_questions_nobody_answers_yet_waits_in_the_store(scene):
    job = a_job(asked={"red": "is it red?"})
    waiting = draw(job, scene.desk(), scene.server)
    assert isinstance(waiting, Waiting)
    assert waiting.image_key == KEYS.image(1)
    assert scene.files("*/images/*.json") == []
    assert draw(job, scene.desk(), scene.server, answer=answered).fresh
    assert len(scene.server.submissions) == 1


def test_an_image_whose_questions_failed_is_answered_later_and_not_drawn_again(scene):
    def away(_stored):
        raise VisionError("usage", "the judge is away")

    job = a_job(asked={"red": "is it red?"})
    with pytest.raises(VisionError):
        draw(job, scene.desk(), scene.server, answer=away)
    assert scene.files("*/images/*.json") == []
    waiting = scene.reconcile().findings
    assert [(finding.kind, finding.key) for finding in waiting] == [("pending", KEYS.image(1))]
    scene.server.restart()
    assert draw(job, scene.desk(), scene.server, answer=answered).fresh
    assert len(scene.server.submissions) == 1
    assert violations(scene.root) == []


class Unsound(FolderStore):
    """Loses the store, or a byte, at one kind of key."""

    fault = ("", "")
    refuses = False

    def put(self, key, data, content_type, *, lasting=True):
        what, ending = self.fault
        if self.refuses:
            raise StoreUnavailable("store-unavailable", "down")
        if ending and key.endswith(ending):
            if what == "down":
                raise StoreUnavailable("store-unavailable", "down")
            super().put(key, data[:-9] if what == "cut" else data, content_type)
            return hashlib.sha256(data).hexdigest()
        return super().put(key, data, content_type, lasting=lasting)


@pytest.mark.parametrize("ending", ["/images/iteration_001.png", ".png.json"])
def test_a_store_that_is_away_leaves_the_job_to_be_collected(scene, ending):
    store = Unsound(scene.root)
    store.fault = ("down", ending)
    with pytest.raises(StoreUnavailable):
        draw(a_job(), Desk(store, scene.desk().locks), scene.server)
    scene.reconcile()
    assert violations(scene.root) == []
    assert len(scene.server.submissions) == 1


def test_with_a_spool_a_store_that_is_away_stops_nothing(scene):
    store = Unsound(scene.root)
    spooled = SpooledStore(store, scene.folder / "spool")
    store.refuses = True
    desk = Desk(spooled, scene.desk().locks, settle_s=0.0)
    assert draw(a_job(1), desk, scene.server).fresh
    assert not draw(a_job(1), desk, scene.server).fresh
    assert scene.files("*/images/*") == []
    store.refuses = False
    spooled.drain().insist()
    assert violations(scene.root) == []
    assert len(scene.server.submissions) == 1


class Away(FolderStore):
    """A store that nobody reaches for a while."""

    is_away = False

    def _reached(self):
        if self.is_away:
            raise StoreUnavailable("store-unavailable", "it is away", where=self.name)

    def get(self, key):
        self._reached()
        return super().get(key)

    def put(self, key, data, content_type, *, lasting=True):
        self._reached()
        return super().put(key, data, content_type, lasting=lasting)


def test_an_image_drawn_while_the_store_is_away_waits_in_the_spool(scene):
    store = Away(scene.root)
    spooled = SpooledStore(store, scene.folder / "spool")
    desk = Desk(spooled, scene.desk().locks, settle_s=0.0)
    with pytest.raises(StoreUnavailable):
        draw(a_job(1), desk, scene.server, on_progress=lambda _: setattr(store, "is_away", True))
    store.is_away = False
    spooled.drain().insist()
    scene.server.restart()  # what it drew is gone there
    assert draw(a_job(1), desk, scene.server).fresh
    assert violations(scene.root) == []
    assert len(scene.server.submissions) == 1


def test_an_image_the_store_cut_short_is_not_committed(scene):
    store = Unsound(scene.root)
    store.fault = ("cut", "iteration_001.png")
    with pytest.raises(StoreCorrupt):
        draw(a_job(), Desk(store, scene.desk().locks), scene.server)
    assert scene.files("*/images/*.json") == []
    scene.reconcile()
    assert violations(scene.root) == []


def test_a_sidecar_that_reads_back_differently_is_no_success(scene):
    store = Unsound(scene.root)
    store.fault = ("cut", ".png.json")
    with pytest.raises(StoreCorrupt):
        draw(a_job(), Desk(store, scene.desk().locks, settle_s=0.0), scene.server)


def test_ctrl_c_cancels_on_the_server_and_the_job_can_be_drawn_again(scene):
    def interrupt(_progress):
        raise KeyboardInterrupt

    scene.server.script(held=True)
    with pytest.raises(KeyboardInterrupt):
        draw(a_job(), scene.desk(), scene.server, on_progress=interrupt)
    assert [json.loads(p.read_text())["ended"]["result"] for p in scene.files("*/outcomes/*")] == [
        "cancelled"
    ]
    assert violations(scene.root) == []
    scene.server.script(held=False)
    assert draw(a_job(), scene.desk(), scene.server).fresh


def test_ctrl_c_after_the_end_leaves_the_image_to_be_collected(scene):
    class Interrupted_(FakeRenderer):
        def wait(self, prompt_id, on_progress=None):
            super().wait(prompt_id)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw(a_job(), scene.desk(), Interrupted_(scene.server.folder))
    assert scene.files("*/outcomes/*") == []
    assert [finding.kind for finding in scene.reconcile().findings] == ["collected"]


def test_eight_copies_at_once_draw_one_image(scene):
    scene.server.script(questions=20)
    children = []
    for number in range(8):
        keys = RunKeys("demo", f"2026-01-09_22-25-5{number}")
        if (pid := os.fork()) == 0:
            try:
                drawn = draw(a_job(keys=keys), scene.desk(), scene.server)
                os._exit(10 + drawn.fresh)
            except BaseException:  # noqa: BLE001 - a forked child must not return into pytest
                os._exit(1)
        children.append(pid)
    codes = sorted(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children)
    assert codes == [10] * 7 + [11]
    assert len(scene.server.submissions) == 1
    assert violations(scene.root) == []


def test_a_job_that_is_still_on_its_way_into_the_queue_is_not_sent_again(scene):
    class Dying(FakeRenderer):
        def submit(self, graph, prompt_id):
            self.late = (graph, prompt_id)
            raise ComfyUnreachable("usage", "the connection broke")

    server = Dying(scene.server.folder)
    with pytest.raises(ComfyUnreachable):
        draw(a_job(), scene.desk(), server)
    pauses = []

    def arrives(pause_s):
        pauses.append(pause_s)
        scene.server.submit(*server.late)

    patient = Desk(FolderStore(scene.root), scene.desk().locks, pause=arrives, settle_s=60.0)
    assert draw(a_job(), patient, scene.server).prompt_id == server.late[1]
    assert 0 < pauses[0] <= 60.0
    assert len(scene.server.submissions) == 1
