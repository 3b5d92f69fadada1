"""Jobs that were begun: those without an ending are named, the others are not."""

from pathlib import Path

import pytest

from darkroom.archive.verifying import verify
from darkroom.archive.verifying_params import VerifyParams
from darkroom.writepath.batch import draw_batch
from tests.fakes.library import settle
from tests.writepath.scenes import KEYS, Scene, a_job


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    settle(tmp_path, monkeypatch)
    return Scene(tmp_path)


def open_jobs() -> list[str]:
    return [flaw.key.rpartition("/")[2] for flaw in verify(VerifyParams()).flaws]


def promise_of(scene: Scene, seed: int) -> str:
    """Leave a promise without an image behind, as a kill does."""
    job = a_job(seed)
    draw_batch([job], scene.desk(), scene.server)
    for path in scene.files("*/images/*"):
        if f"iteration_{seed:03d}" in path.name:
            path.unlink()
    return job.key


def test_what_was_drawn_and_what_was_refused_is_not_open(scene: Scene) -> None:
    draw_batch([a_job(1), a_job(2)], scene.desk(), scene.server)
    scene.server.script(rejects="no such model")
    draw_batch([a_job(3)], scene.desk(), scene.server)
    report = verify(VerifyParams())
    assert (report.images, report.flaws) == (2, [])


def test_a_promise_without_an_ending_is_open(scene: Scene) -> None:
    draw_batch([a_job(1)], scene.desk(), scene.server)
    job = promise_of(scene, 2)
    assert open_jobs() == [job]
    scene.reconcile()
    assert open_jobs() == []


def test_a_job_committed_in_another_run_is_not_open(scene: Scene) -> None:
    job = promise_of(scene, 2)
    again = a_job(2, keys=type(KEYS)(KEYS.project, "2026-01-10_00-00-00"))
    scene.server.restart()
    draw_batch([again], scene.desk(), scene.server)
    assert job == again.key
    assert open_jobs() == []


def test_a_promise_that_cannot_be_read_is_named(scene: Scene) -> None:
    job = promise_of(scene, 2)
    (intent,) = scene.files("*/intents/*")
    intent.write_text("{")
    report = verify(VerifyParams())
    assert [(flaw.kind, flaw.key) for flaw in report.flaws] == [
        ("open", f"{KEYS.root}/intents/{job}")
    ]
    assert not report.is_damaged


def test_a_sample_does_not_look_at_promises(scene: Scene) -> None:
    promise_of(scene, 2)
    assert verify(VerifyParams(sample=1)).flaws == []
