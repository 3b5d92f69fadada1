import itertools
from datetime import UTC, datetime, timedelta

import pytest

from darkroom.core.errors import UsageError
from darkroom.core.jobs import Lost
from darkroom.writepath.desk import Committed
from darkroom.writepath.fleet import Order, draw_fleet
from darkroom.writepath.quarantine import quarantined, release
from tests.fakes.fake_renderer import FakeRenderer
from tests.writepath.scenes import PROJECT, RUN, Scene, a_job


class Fragile(FakeRenderer):
    """Forgets everything when it is to draw; says how often it was asked."""

    is_mended = False

    def wait(self, prompt_id, on_progress=None):
        if self.is_mended:
            return super().wait(prompt_id, on_progress)
        self.restart()
        return Lost()


class Ticking(Scene):
    """Where every look at the clock is a second later: events of one moment have no order."""

    def desk(self, machine="here", **more):
        return super().desk(machine, now=self.now, **more)

    def now(self):
        return datetime(2026, 1, 9, 22, tzinfo=UTC) + timedelta(seconds=next(self.seconds))


@pytest.fixture
def scene(tmp_path):
    made = Ticking(tmp_path)
    made.seconds = itertools.count()
    return made


@pytest.fixture
def server(tmp_path):
    return Fragile(tmp_path / "server-a", "a")


def draw(scene, server):
    order = Order(None, lambda _receipt: a_job(1))
    return draw_fleet([order], scene.desk(), {"a": server})[0]


def test_poison_is_written_down_with_its_cause_and_no_restart_draws_it_again(scene, server):
    assert draw(scene, server).cause == "lost"
    (held,) = quarantined(scene.desk().store, PROJECT)
    assert (held.job_key, held.run_id, held.iteration) == (a_job(1).key, RUN, 1)
    assert (held.host, held.cause) == ("a", "lost")
    assert "2 times" in held.message
    again = draw(scene, server)
    assert again.error.code == "job-quarantined"
    assert "2 times" in again.error.message
    assert len(server.submissions) == 2
    assert [finding.kind for finding in scene.reconcile().findings] == []


def test_what_a_person_releases_is_drawn_again(scene, server):
    draw(scene, server)
    server.is_mended = True
    event = release(scene.desk(), [PROJECT], a_job(1).key[:12].upper())
    assert (event.event, event.job_key) == ("released", a_job(1).key)
    assert quarantined(scene.desk().store, PROJECT) == ()
    assert isinstance(draw(scene, server), Committed)


def test_a_release_names_one_job_that_is_set_aside(scene, server):
    with pytest.raises(UsageError, match="no job that is set aside"):
        release(scene.desk(), [PROJECT], "ab")
    draw(scene, server)
    with pytest.raises(UsageError, match="no job"):
        release(scene.desk(), [PROJECT], "zz")
    release(scene.desk(), [PROJECT], "")
    with pytest.raises(UsageError, match="no job"):
        release(scene.desk(), [PROJECT], "")


def test_a_job_poisonous_again_after_its_release_is_set_aside_again(scene, server):
    draw(scene, server)
    release(scene.desk(), [PROJECT], "")
    assert draw(scene, server).cause == "lost"
    assert len(quarantined(scene.desk().store, PROJECT)) == 1
    assert len(server.submissions) == 4


def test_a_damaged_record_holds_its_own_job_back_and_no_other(scene, server):
    draw(scene, server)
    (path,) = scene.files("poison/*/*.json")
    path.write_text("{")
    (path.parent.parent / "stray.json").write_text("{}")
    assert "cannot be read" in draw(scene, server).error.message
    server.is_mended = True
    other = Order(None, lambda _receipt: a_job(2))
    assert isinstance(draw_fleet([other], scene.desk(), {"a": server})[0], Committed)
    release(scene.desk(), [PROJECT], "")
    assert isinstance(draw(scene, server), Committed)
