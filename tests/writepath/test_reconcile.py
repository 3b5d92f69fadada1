import json
import os
import time

import pytest

from darkroom.core.errors import UsageError
from darkroom.core.keys import RunKeys
from darkroom.core.sidecar import parse, read_any
from darkroom.writepath import survey
from darkroom.writepath.crashpoints import armed
from darkroom.writepath.draw import draw, image_lock, job_lock
from darkroom.writepath.reconcile import ReconcileOptions, reconcile
from darkroom.writepath.turns import Pace
from tests.fakes.fake_renderer import FakeRenderer
from tests.fakes.image_files import png
from tests.writepath.invariants import violations
from tests.writepath.scenes import KEYS, KILLED, PROJECT, Scene, a_job, in_child


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


def died(scene, point, seed=1, **more):
    def work():
        with armed(point):
            draw(a_job(seed, **more), scene.desk(), scene.server)

    assert in_child(work) == KILLED


def kinds(report):
    return [finding.kind for finding in report.findings]


@pytest.mark.parametrize(
    ("point", "kind"),
    [
        ("after-intent", "resubmitted"),
        ("after-submit", "collected"),
        ("after-fetch", "collected"),
        ("after-image", "completed"),
        ("after-answers", "completed"),
    ],
)
def test_each_crash_is_told_as_what_became_of_it(scene, point, kind):
    died(scene, point)
    planned = scene.reconcile(dry_run=True)
    assert kinds(planned)[:1] == [kind]
    assert scene.files("*/images/*.json") == []
    assert kinds(scene.reconcile()) == [kind]
    assert kinds(scene.reconcile()) == []
    assert violations(scene.root) == []


@pytest.mark.parametrize("point", ["after-claim", "after-sidecar", "after-readback"])
def test_where_nothing_is_to_be_done_nothing_is_said(scene, point):
    died(scene, point)
    assert kinds(scene.reconcile()) == []


def test_a_running_job_is_waited_for_or_left_as_asked(scene):
    died(scene, "after-submit")
    scene.server.script(questions=5)
    left = scene.reconcile(wait=False)
    assert (kinds(left), left.has_pending) == (["pending"], True)
    assert kinds(scene.reconcile()) == ["collected"]
    assert len(scene.server.submissions) == 1


def test_a_job_lost_too_often_is_given_up_with_its_cause(scene):
    scene.server.script(forgets_at=[1, 2, 3])
    died(scene, "after-submit")
    report = scene.reconcile()
    assert kinds(report) == ["failed"]
    assert report.findings[0].reason.startswith("lost")
    assert len(scene.server.submissions) == 3
    assert (kinds(again := scene.reconcile()), again.ended_before) == ([], 1)
    assert len(scene.server.submissions) == 3


def test_a_server_that_does_not_answer_leaves_its_jobs_pending(scene):
    died(scene, "after-submit")
    scene.server.script(down=True)
    report = scene.reconcile()
    assert kinds(report) == ["pending"]
    assert "down" in report.findings[0].reason
    scene.server.script(down=False)
    assert kinds(scene.reconcile()) == ["collected"]


def test_a_stored_image_is_committed_without_its_server(scene):
    died(scene, "after-image")
    report = reconcile(PROJECT, scene.desk(), {})
    assert kinds(report) == ["completed"]
    assert parse((scene.root / KEYS.sidecar(1)).read_bytes()).engine.host == "fake"


def test_a_host_nobody_configured_leaves_its_jobs_pending(scene):
    died(scene, "after-submit")
    report = reconcile(PROJECT, scene.desk(), {})
    assert kinds(report) == ["pending"]
    assert "'fake'" in report.findings[0].reason


def test_a_live_process_keeps_its_job(scene):
    died(scene, "after-submit")
    with scene.desk().locks.held(job_lock(PROJECT, a_job(1).key)):
        assert kinds(scene.reconcile()) == ["active"]
    assert kinds(scene.reconcile()) == ["collected"]


def forget_turns(scene):
    """As if whoever promised had come to an end without dying: unreachable servers do that."""
    for note in scene.files("turns/*"):
        note.unlink()


def test_the_promise_of_another_machine_is_left_to_it_for_an_hour(scene):
    died(scene, "after-submit")
    forget_turns(scene)
    there = scene.desk("there")
    servers = {"fake": scene.server}
    assert kinds(reconcile(PROJECT, there, servers)) == ["pending"]
    patient = ReconcileOptions(foreign_grace_s=0.0)
    assert kinds(reconcile(PROJECT, there, servers, options=patient)) == ["collected"]


def test_two_at_once_do_the_work_once(scene):
    for seed in (1, 2, 3):
        died(scene, "after-intent", seed)
    pids = []
    for _ in range(2):
        if (pid := os.fork()) == 0:
            told = 99
            try:
                told = len(scene.reconcile().findings)
            finally:
                os._exit(told)
        pids.append(pid)
    told = sorted(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids)
    assert told == [0, 3]
    assert len(scene.server.submissions) == 3
    assert violations(scene.root) == []


def test_a_second_one_that_cannot_wait_is_told_who_is_at_it(scene):
    with scene.desk().locks.held(f"reconcile-{PROJECT}"), pytest.raises(UsageError, match="proc"):
        reconcile(PROJECT, scene.desk(), {}, options=ReconcileOptions(lock_wait_s=0.0))


def test_an_intent_that_cannot_be_read_is_reported_and_stops_nobody(scene):
    died(scene, "after-submit", 1)
    died(scene, "after-submit", 2)
    first = scene.root / KEYS.intent(a_job(1).key, 1)
    first.write_text(first.read_text().replace("circle", "square"))
    report = scene.reconcile()
    assert sorted(kinds(report)) == ["collected", "damaged"]
    assert report.has_damage
    assert first.exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": NaN}', "[" * 100_000, "\x00"])
def test_whatever_stands_in_an_intent_reconcile_goes_on(scene, text):
    died(scene, "after-submit", 1)
    (scene.root / KEYS.intent(a_job(1).key, 1)).write_text(text)
    assert kinds(scene.reconcile()) == ["damaged"]


def test_a_gap_in_the_attempts_and_a_foreign_name_are_damage(scene):
    died(scene, "after-submit", 1)
    first = scene.root / KEYS.intent(a_job(1).key, 1)
    first.rename(first.with_name(first.name.replace(".1.", ".2.")))
    (first.parent / "notes.json").write_text("{}")
    assert kinds(scene.reconcile()) == ["damaged", "damaged"]


def test_an_outcome_that_cannot_be_read_is_reported(scene):
    scene.server.script(result="error")
    draw(a_job(1), scene.desk(), scene.server)
    scene.files("*/outcomes/*")[0].write_text("{}")
    assert kinds(scene.reconcile()) == ["damaged"]


def test_failed_jobs_are_counted_and_not_drawn_again(scene):
    scene.server.script(result="error")
    draw(a_job(1), scene.desk(), scene.server)
    report = scene.reconcile()
    assert (report.counts, report.ended_before) == ({}, 1)
    assert len(scene.server.submissions) == 1


def test_a_job_cancelled_by_somebody_else_ends_as_cancelled(scene):
    died(scene, "after-submit")
    scene.server.script(held=True)
    scene.server.cancel(scene.server.submissions[0])
    (finding,) = scene.reconcile().findings
    assert (finding.kind, finding.reason) == ("cancelled", "cancelled: it was stopped on fake")


def test_a_sidecar_without_image_is_broken_and_is_not_drawn_again(scene):
    draw(a_job(1), scene.desk(), scene.server)
    (scene.root / KEYS.image(1)).unlink()
    scene.server.restart()
    report = scene.reconcile()
    assert [(finding.kind, finding.key) for finding in report.findings] == [
        ("broken", KEYS.image(1))
    ]
    assert len(scene.server.submissions) == 1


def an_orphan(scene, age_h, data=None):
    path = scene.root / KEYS.image(7)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png() if data is None else data)
    then = time.time() - age_h * 3600
    os.utime(path, (then, then))
    return path


def test_an_orphan_is_reported_and_left_where_it_is(scene):
    path = an_orphan(scene, 100)
    report = scene.reconcile()
    assert [(finding.kind, finding.key) for finding in report.findings] == [
        ("orphan", KEYS.image(7))
    ]
    assert sorted(path.parent.iterdir()) == [path]


def test_an_old_orphan_is_adopted_on_request_only_and_says_so(scene):
    an_orphan(scene, 25)
    assert kinds(scene.reconcile(adopt_after_h=26.0)) == ["orphan"]
    assert kinds(scene.reconcile(adopt_after_h=24.0, dry_run=True)) == ["orphan"]
    assert kinds(scene.reconcile(adopt_after_h=24.0)) == ["adopted"]
    sidecar = read_any((scene.root / KEYS.sidecar(7)).read_bytes(), KEYS.sidecar(7)).sidecar
    assert (sidecar.origin.form, sidecar.identity.job_key) == ("imported", None)
    assert kinds(scene.reconcile(adopt_after_h=24.0, verify=True)) == []


def test_a_young_adoption_is_refused(scene):
    an_orphan(scene, 25)
    with pytest.raises(UsageError, match="12 h"):
        scene.reconcile(adopt_after_h=12.0)


def test_an_orphan_that_is_no_image_is_damage(scene):
    an_orphan(scene, 25, b"<html>")
    assert kinds(scene.reconcile(adopt_after_h=24.0)) == ["damaged"]


def test_an_image_that_waits_for_answers_is_no_orphan(scene):
    def die(_stored):
        os.kill(os.getpid(), 9)

    def work():
        draw(a_job(1, asked={"red": "?"}), scene.desk(), scene.server, answer=die)

    assert in_child(work) == KILLED
    (path,) = scene.files("*/images/*.png")
    os.utime(path, (0, 0))
    assert kinds(scene.reconcile(adopt_after_h=24.0)) == ["pending"]


def test_a_lost_index_comes_back_and_the_job_is_found_again(scene):
    draw(a_job(1), scene.desk(), scene.server)
    (entry,) = scene.files("jobs/*/*.json")
    before = entry.read_bytes()
    entry.unlink()
    assert kinds(scene.reconcile(dry_run=True)) == ["indexed"]
    assert not entry.exists()
    assert kinds(scene.reconcile()) == ["indexed"]
    assert entry.read_bytes() == before
    assert not draw(a_job(1), scene.desk(), scene.server).fresh


def test_a_full_check_finds_flipped_bytes_and_damaged_sidecars(scene):
    for seed in (1, 2, 3):
        draw(a_job(seed), scene.desk(), scene.server)
    image = scene.root / KEYS.image(1)
    image.write_bytes(image.read_bytes()[:-1] + b"\0")
    (scene.root / KEYS.sidecar(2)).write_text("{}")
    assert kinds(scene.reconcile()) == []
    assert kinds(scene.reconcile(verify=True)) == ["damaged", "damaged"]


def test_a_job_committed_in_another_run_makes_an_open_promise_a_duplicate(scene):
    died(scene, "after-submit")
    other = FakeRenderer(scene.folder / "server2", "second")
    later = a_job(1, keys=RunKeys("demo", "2026-01-10_08-00-00"))
    draw(later, scene.desk(), other)
    assert kinds(scene.reconcile()) == []
    assert violations(scene.root) == []


def test_ctrl_c_during_reconcile_leaves_the_job_on_its_server(scene):
    died(scene, "after-submit")

    class Pressing(FakeRenderer):
        def wait(self, prompt_id, on_progress=None):
            raise KeyboardInterrupt

    scene.server.script(questions=5)
    with pytest.raises(KeyboardInterrupt):
        reconcile(PROJECT, scene.desk(), {"fake": Pressing(scene.server.folder)})
    assert scene.files("*/outcomes/*") == []
    assert kinds(scene.reconcile()) == ["collected"]


def test_a_job_whose_image_another_process_writes_is_left_alone(scene):
    died(scene, "after-submit")
    with scene.desk().locks.held(image_lock(KEYS.image(1))):
        assert kinds(scene.reconcile()) == ["active"]


def test_an_open_promise_of_a_job_committed_meanwhile_is_recorded_as_duplicate(scene):
    died(scene, "after-submit")
    later = RunKeys("demo", "2026-01-10_08-00-00")
    real = survey.survey

    def then(store, project):
        found = real(store, project)
        if not scene.files("*/images/*"):
            other = FakeRenderer(scene.folder / "server2", "second")
            draw(a_job(1, keys=later), scene.desk("there", pace=Pace(expires_s=-1.0)), other)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("darkroom.writepath.reconcile.survey", then)
        assert kinds(scene.reconcile()) == ["duplicate"]
    (outcome,) = scene.files("*/outcomes/*")
    assert json.loads(outcome.read_text())["ended"]["result"] == "duplicate"
    assert kinds(scene.reconcile()) == []
    assert violations(scene.root) == []


def test_a_report_is_plain_data(scene):
    died(scene, "after-submit")
    report = scene.reconcile()
    assert json.dumps(report.counts) == '{"collected": 1}'
    assert not report.has_damage
