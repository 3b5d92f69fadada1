"""Why images failed can be asked: attempts below their threshold, and submissions without one."""

from typing import Any

import pytest

from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.warehouse.tables import joined
from darkroom.adapters.warehouse.updating import Files, update
from tests.adapters.warehouse.conftest import Ask
from tests.adapters.warehouse.contents import contents
from tests.fakes.archives import Archive

JOB = "ab" * 32


def _failure(archive: Archive, number: int, **changes: Any) -> str:
    content = {
        "schema": "darkroom.quality_failure/1",
        "at": "2026-11-21T12:00:00.000000Z",
        "image": archive.keys.image(number),
        "strategy": "seed",
        "attempt": number,
        "max_attempts": 3,
        "threshold": 7.5,
        "composite_score": 5.25,
        "grade": "D",
        "weakest": "detail",
        "prompt": "a boat",
        "negative_prompt": "",
        "seed": 2**64 - 1,
        "steps": 20,
        "cfg": 7.0,
        "failure": None,
    }
    return archive.put(
        f"{archive.keys.root}/failures/iteration_{number:03d}.json", content | changes
    )


def _outcome(archive: Archive, attempt: int, **ended: Any) -> str:
    content = {
        "schema": "darkroom/outcome",
        "version": 1,
        "job_key": JOB,
        "attempt": attempt,
        "prompt_id": "x",
        "ended": ended,
        "recorded_at": "2026-11-21T12:00:00.000000Z",
    }
    return archive.put(archive.keys.outcome(JOB, attempt), content)


def test_attempts_below_their_threshold_are_listed_with_what_they_were_drawn_from(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    archive.image(1)
    _failure(archive, 1)
    _failure(archive, 2, image=None, composite_score=None, failure="the graph was refused")
    _failure(archive, 3, composite_score=None)
    assert update(files, folder).failed_checks == ()
    columns = "cause, message, image, composite_score, weakest, seed, is_mended"
    assert ask(f"SELECT {columns} FROM failure ORDER BY attempt") == [
        ("below_threshold", None, archive.keys.image(1), 5.25, "detail", 2**64 - 1, False),
        ("not_drawn", "the graph was refused", None, None, "detail", 2**64 - 1, False),
        ("not_measured", None, archive.keys.image(3), None, "detail", 2**64 - 1, False),
    ]
    archive.score(archive.keys.image(1), "2026-12-01T00:00:00Z", 8.0)
    archive.image(4, quality={"composite_score": 8.0})
    update(files, folder)
    assert ask("SELECT DISTINCT is_mended FROM failure") == [(True,)]


def test_submissions_that_ended_without_an_image_are_listed_with_what_the_server_said(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    _outcome(archive, 1, result="lost", cause="lost", ran=True)
    _outcome(archive, 2, result="failed", cause="rejected", message="no such model", node="4")
    _outcome(archive, 3, result="duplicate", of=archive.keys.image(1))
    assert update(files, folder).failed_checks == ()
    assert ask("SELECT attempt, cause, message, node, is_mended FROM failure ORDER BY attempt") == [
        (1, "lost", None, None, False),
        (2, "rejected", "no such model", "4", False),
    ]
    archive.image(1, identity__job_key=JOB)
    update(files, folder)
    assert ask("SELECT DISTINCT is_mended FROM failure") == [(True,)]
    archive.say("run", is_deleted=True)
    update(files, folder)
    assert ask("SELECT * FROM failure") == []


def test_a_refinement_is_a_row_and_what_went_is_taken_out(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    archive.image(1)
    content = {
        "schema": "darkroom.refinement/1",
        "at": "2026-11-21T12:00:00.000000Z",
        "status": "accepted",
        "threshold": 7.5,
        "max_attempts": 3,
        "seed": 5,
        "best": archive.keys.image(1),
        "composite_score": 8.0,
        "images": [archive.keys.image(1), None],
    }
    series = archive.put(f"{archive.keys.root}/refinement/{'ab' * 6}.json", content)
    failed = _failure(archive, 1)
    update(files, folder)
    assert ask("SELECT status, image, attempt_count, project FROM refinements") == [
        ("accepted", archive.keys.image(1), 2, "demo")
    ]
    archive.store.delete(series)
    archive.store.delete(failed)
    assert update(files, folder).failed_checks == ()
    assert contents(files.published)["failures"] == contents(files.published)["refinements"] == []


@pytest.mark.parametrize("content", [{"schema": "other"}, b"{", {"schema": "darkroom/outcome/2"}])
def test_a_failure_nobody_can_read_is_set_aside(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask, content: object
) -> None:
    key = archive.put(f"{archive.keys.root}/failures/iteration_001.json", content)
    archive.put(f"bucket/failures/{'x'}.json", content)  # of somebody else
    assert update(files, folder).quarantined == 1
    assert ask("SELECT source, kind FROM quarantine") == [(key, "failure")]


def test_rows_of_different_kinds_share_a_table() -> None:
    drawing, quality = {"run": ["a"], "node": ["3"]}, {"run": ["b", "c"], "seed": [1, 2]}
    assert joined([{"failures": drawing}, {"failures": quality}]) == {
        "failures": {"run": ["a", "b", "c"], "node": ["3", None, None], "seed": [None, 1, 2]}
    }
