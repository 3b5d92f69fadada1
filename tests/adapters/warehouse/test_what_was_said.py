"""Annotations, scores, runs and rankings, as the views show them."""

from dataclasses import replace

import pytest

from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.warehouse.updating import Files, update
from tests.adapters.warehouse.conftest import Ask
from tests.fakes.archives import Archive

LITE = {"metric": "niqe", "tier": "lite", "version": "1", "raw": 5.0, "normalised": 7.0}


def test_the_latest_event_of_each_field_wins(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    image = archive.image()
    archive.say(image, is_liked=True, rating=3, notes="first")
    update(files, folder)
    archive.say(image, rating=8.5, failure_category="noise", status="ko")
    archive.say(image, notes=None, extra={"any": ["thing", 1]})
    update(files, folder)
    columns = "is_liked, rating, notes, failure_category, status, extra, annotated_by"
    assert ask(f"SELECT {columns} FROM image") == [
        (True, 8.5, None, "noise", "ko", '{"any":["thing",1]}', "ada")
    ]
    assert ask("SELECT field, value FROM annotation_latest ORDER BY field") == [
        ("extra", '{"any":["thing",1]}'),
        ("failure_category", '"noise"'),
        ("is_liked", "true"),
        ("notes", "null"),
        ("rating", "8.5"),
        ("status", '"ko"'),
    ]


def test_an_event_that_arrives_late_does_not_win(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    image = archive.image()
    early = replace(archive)
    archive.skip_ids(10)
    archive.say(image, rating=9)
    update(files, folder)
    early.say(image, rating=1, is_liked=True)  # another machine's, synchronised only now
    update(files, folder)
    assert ask("SELECT rating, is_liked FROM image") == [(9.0, True)]


def test_deleted_images_and_those_of_deleted_runs_are_hidden(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    first, second = archive.image(1), archive.image(2)
    other = replace(archive, run_id="2026-11-22_00-00-00")
    other.skip_ids(100)
    third = other.image(1)
    archive.say(second, is_deleted=True)
    other.say("run", is_deleted=True)
    update(files, folder)
    assert ask("SELECT image FROM image") == [(first,)]
    assert ask("SELECT image FROM flat") == [(first,)]
    assert ask("SELECT image, is_deleted FROM image_all ORDER BY image") == [
        (first, False),
        (second, True),
        (third, True),
    ]
    assert ask("SELECT run FROM run") == [(f"demo/{archive.run_id}",)]
    other.say("run", is_deleted=False)
    update(files, folder)
    assert ask("SELECT count(*) FROM image") == [(2,)]


def test_a_run_shows_its_documents_its_flags_and_what_its_images_come_to(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    image = archive.image(1)
    archive.image(2)
    archive.run()
    archive.result(1, status="best-effort", score=50.0)
    archive.result(2)
    archive.say(image, is_liked=True, technical_quality="perfect")
    archive.say("run", is_archived=True, display_name="Sunset", is_test=False)
    update(files, folder)
    columns = (
        "run, display_name, status, score, image_count, liked_count, perfect_count, is_archived,"
        " is_test, is_failed, strategy, max_iterations"
    )
    assert ask(f"SELECT {columns} FROM run") == [
        (
            f"demo/{archive.run_id}",
            "Sunset",
            "accepted",
            100.0,
            2,
            1,
            1,
            True,
            False,
            False,
            "predicate",
            5,
        )
    ]


def test_a_run_that_only_its_images_tell_of_is_a_run(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    archive.image(1)
    update(files, folder)
    assert ask("SELECT run, project, image_count, status, is_test FROM run") == [
        (f"demo/{archive.run_id}", "demo", 1, None, True)
    ]


def test_the_latest_scores_stand_over_those_of_the_sidecar(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    image = archive.image(1)
    archive.score(image, "2026-12-01T00:00:00Z", 8.0, LITE | {"raw": 1.0, "normalised": 1.0})
    archive.score(image, "2026-12-02T00:00:00Z", 9.0, LITE, LITE | {"tier": "torch"})
    update(files, folder)
    assert ask("SELECT composite_score, grade, coverage FROM image") == [(9.0, "B", 1.0)]
    assert ask("SELECT composite_score FROM images") == [(6.25,)]
    assert ask("SELECT tier, normalised FROM score_latest WHERE metric = 'niqe' ORDER BY tier") == [
        ("lite", 7.0),
        ("torch", 7.0),
    ]
    assert ask("SELECT count(*) FROM scores WHERE metric = 'niqe'") == [(4,)]


def test_a_ranking_is_kept_in_its_order_and_may_change(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    archive.rank([2, 1, 3], {"2": "the light"})
    update(files, folder)
    archive.rank([1, 2], {"1": "after all"})
    update(files, folder)
    assert ask("SELECT position, iteration, note FROM rankings ORDER BY position") == [
        (1, 1, "after all"),
        (2, 2, None),
    ]


def test_metadata_of_iterations_counts_only_where_nothing_better_tells_of_them(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    metadata = f"{archive.keys.root}/metadata/iteration_001_metadata.json"
    archive.foreign("s2-iteration.json", metadata)
    update(files, folder)
    assert ask("SELECT form FROM image") == [("s2-iteration",)]
    archive.image(1)
    update(files, folder)
    assert ask("SELECT form FROM image") == [("darkroom-1",)]
    assert not update(files, folder).is_new


def test_metadata_in_a_run_of_ours_is_no_image(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    archive.run()
    archive.foreign(
        "s2-iteration.json", f"{archive.keys.root}/metadata/iteration_001_metadata.json"
    )
    update(files, folder)
    assert ask("SELECT count(*) FROM image") == [(0,)]
    assert ask("SELECT count(*) FROM run") == [(1,)]


@pytest.mark.parametrize(
    "content",
    [
        {"schema": "darkroom.annotation/2"},
        {"schema": "darkroom.annotation/1", "set": {"rating": 11}},
        b"\xff\xfe",
    ],
)
def test_an_event_nobody_can_read_is_set_aside(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask, content: object
) -> None:
    archive.image(1)
    key = archive.put(f"{archive.keys.root}/human/{archive.next_id()}.json", content)
    report = update(files, folder)
    assert report.quarantined == 1
    assert ask("SELECT source, kind, code FROM quarantine") == [
        (key, "annotation", "annotation-damaged")
    ]
    assert ask("SELECT is_annotated FROM image") == [(False,)]


def test_scores_that_speak_of_an_image_elsewhere_are_set_aside(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    archive.score(archive.keys.image(1), "2026-12-01T00:00:00Z", 8.0)
    folder_of_scores = f"{archive.keys.root}/scores"
    stranger = {"schema": "darkroom.scores/1", "image": "other/images/iteration_001.png"}
    archive.put(f"{folder_of_scores}/iteration_001.{archive.next_id()}.json", stranger)
    archive.put(f"{folder_of_scores}/iteration_001.{archive.next_id()}.json", {"schema": "x"})
    update(files, folder)
    assert ask("SELECT code FROM quarantine ORDER BY code") == [
        ("sidecar-other-key",),
        ("sidecar-unknown-form",),
    ]
    assert ask("SELECT image, composite_score FROM score_documents") == [
        (archive.keys.image(1), 8.0)
    ]
