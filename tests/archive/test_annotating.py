"""Annotations on their way into the store: durable, in order, never over one another."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from darkroom.adapters.annotation_journal import Journal, journal_of
from darkroom.adapters.stores.folder import FolderStore
from darkroom.archive.annotating import KEEP, Annotator, opened_annotator, whoever
from darkroom.archive.annotating_log import EventLog, histories, key_of
from darkroom.archive.annotating_undoing import actions, undo_events, undo_last, undo_on
from darkroom.core.annotations import ImageTarget, RunTarget, document_of, set_by
from darkroom.core.errors import UsageError
from tests.fakes import library

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ONE, TWO = library.key_of(1), library.key_of(2)
RUN = f"demo/{library.RUN}"
Say = Callable[[Annotator], Any]


def log_on(folder: Path, at: datetime = NOW, by: str = "ann") -> EventLog:
    return EventLog(FolderStore(folder / "store"), by, Journal(folder / "journal"), now=lambda: at)


@pytest.fixture
def annotator(tmp_path: Path) -> Annotator:
    return Annotator(log_on(tmp_path))


def image(annotator: Annotator, key: str = ONE) -> dict[str, Any]:
    return annotator.log.current(ImageTarget(image=key))


def run(annotator: Annotator) -> dict[str, Any]:
    return annotator.log.current(RunTarget(run=RUN))


@pytest.mark.parametrize(
    ("say", "kept"),
    [
        (
            lambda a: a.update_image_rating(ONE, technical_quality="perfect", is_liked=True),
            {"technical_quality": "perfect", "is_liked": True},
        ),
        (lambda a: a.update_image_rating(ONE, rating=7.5), {"rating": 7.5}),
        (
            lambda a: a.update_image_failure(ONE, "noise", "grain"),
            {"status": "ko", "failure_category": "noise", "failure_notes": "grain"},
        ),
        (
            lambda a: a.update_image_failure(ONE, None),
            {"status": "ok", "failure_category": None, "failure_notes": None},
        ),
        (lambda a: a.soft_delete_image(ONE), {"is_deleted": True}),
        (lambda a: a.restore_image([ONE, ONE]), {"is_deleted": False}),
        (lambda a: a.update_image(ONE, notes="x"), {"notes": "x"}),
        (
            lambda a: a.store_predictions(ONE, {"predicted_category": "noise"}),
            {"ml_predictions": {"predicted_category": "noise"}},
        ),
    ],
)
def test_the_verbs_for_images(annotator: Annotator, say: Say, kept: dict[str, Any]) -> None:
    said = say(annotator)
    assert len(said.events) == 1
    assert image(annotator) == kept


@pytest.mark.parametrize(
    ("say", "kept"),
    [
        (
            lambda a: a.flag_session(RUN, is_test=True, is_archived=False),
            {"is_test": True, "is_archived": False},
        ),
        (
            lambda a: a.update_session(RUN, display_name="first", notes=None),
            {"display_name": "first", "notes": None},
        ),
        (
            lambda a: a.register_session(RUN, {"seeds": [1, 2]}, is_test=True),
            {"is_test": True, "extra": {"seeds": [1, 2]}},
        ),
        (lambda a: a.soft_delete_session(RUN), {"is_deleted": True}),
        (lambda a: a.restore_session(RUN), {"is_deleted": False}),
        (lambda a: a.set_on_sessions(RUN, {"is_failed": True}), {"is_failed": True}),
    ],
)
def test_the_verbs_for_runs(annotator: Annotator, say: Say, kept: dict[str, Any]) -> None:
    say(annotator)
    assert run(annotator) == kept


def test_what_is_not_given_is_left_as_it_is(annotator: Annotator) -> None:
    annotator.update_image_rating(ONE, rating=3, is_liked=True)
    annotator.update_image_rating(ONE, rating=KEEP, is_liked=None)
    assert image(annotator) == {"rating": 3, "is_liked": None}


def test_a_prediction_leaves_a_persons_word_alone(annotator: Annotator) -> None:
    annotator.update_image_failure(ONE, "noise")
    annotator.store_predictions(ONE, {"predicted_category": "malformed", "confidence": 0.9})
    assert image(annotator)["failure_category"] == "noise"


def test_further_values_are_added_and_a_null_removes_one(annotator: Annotator) -> None:
    annotator.update_image(ONE, extra={"mood": "calm", "set": 1})
    annotator.update_image(ONE, extra={"set": None, "new": [1]})
    assert image(annotator)["extra"] == {"mood": "calm", "new": [1]}


def test_an_image_is_registered_only_where_one_is_committed(annotator: Annotator) -> None:
    with pytest.raises(UsageError, match="no image is committed"):
        annotator.register_image(ONE, {"mood": "calm"})
    annotator.log.store.put(f"{ONE}.json", b"{}", "application/json")
    annotator.register_image(ONE, {"mood": "calm"})
    assert image(annotator) == {"extra": {"mood": "calm"}}


@pytest.mark.parametrize("name", ["", "Not A Key", "../x"])
def test_a_name_that_is_no_key_is_refused(annotator: Annotator, name: str) -> None:
    with pytest.raises(UsageError, match="names no image"):
        annotator.soft_delete_image(name)


def test_events_are_added_and_none_is_ever_overwritten(annotator: Annotator) -> None:
    for rating in range(5):
        annotator.update_image_rating(ONE, rating=rating)
    keys = list(annotator.log.store.iter_keys(f"demo/working/{library.RUN}/human/"))
    assert len(keys) == 5
    assert keys == sorted(keys)
    assert [json.loads(annotator.log.store.get(key))["set"]["rating"] for key in keys] == [
        0, 1, 2, 3, 4,
    ]  # fmt: skip


def test_one_word_on_many_images_is_one_action_with_progress(tmp_path: Path) -> None:
    done: list[int] = []
    annotator = Annotator(log_on(tmp_path), done.append)
    said = annotator.update_image_rating([library.key_of(n) for n in range(1, 31)], rating=4)
    assert len(said.events) == sum(done) == 30
    assert [action.id for action in actions(annotator.log.journal)] == [said.action]


def test_a_clock_that_is_behind_does_not_lose_what_is_said_last(tmp_path: Path) -> None:
    Annotator(log_on(tmp_path, NOW + timedelta(days=2), "ahead")).update_image_rating(ONE, rating=1)
    behind = Annotator(log_on(tmp_path))
    behind.update_image_rating(ONE, rating=9)
    assert image(behind) == {"rating": 9}
    assert run(behind) == {}


def test_a_clock_set_back_within_a_process_does_no_harm(tmp_path: Path) -> None:
    moments = iter([NOW + timedelta(hours=1), NOW, NOW, NOW, NOW, NOW])
    log = EventLog(
        FolderStore(tmp_path / "store"), "ann", Journal(tmp_path / "j"), now=lambda: next(moments)
    )
    annotator = Annotator(log)
    annotator.update_image_rating(ONE, rating=1)
    annotator.update_image_rating(ONE, rating=2)
    assert image(annotator) == {"rating": 2}


def test_a_damaged_event_is_left_out_and_others_count(annotator: Annotator) -> None:
    annotator.update_image_rating(ONE, rating=2)
    place = f"demo/working/{library.RUN}/human/"
    annotator.log.store.put(f"{place}{'0' * 26}.json", b"{oh", "application/json")
    annotator.log.store.put(f"{place}ranking.json", b"{}", "application/json")
    assert image(annotator) == {"rating": 2}


def test_the_last_action_is_undone_then_the_one_before(annotator: Annotator) -> None:
    annotator.update_image_rating([ONE, TWO], rating=2)
    annotator.update_image_rating(ONE, rating=8)
    undo_last(annotator.log)
    assert image(annotator) == {"rating": 2}
    undo_last(annotator.log)
    assert image(annotator) == image(annotator, TWO) == {"rating": None}
    with pytest.raises(UsageError, match="nothing said"):
        undo_last(annotator.log)


def test_an_undoing_is_undone_by_its_event(annotator: Annotator) -> None:
    annotator.update_image_rating(ONE, rating=2)
    undoing = undo_last(annotator.log)
    undo_events(annotator.log, [undoing.events[0].id])
    assert image(annotator) == {"rating": 2}
    listed = actions(annotator.log.journal)
    assert [action.is_undoing for action in listed] == [True, True, False]
    assert [action.is_undone for action in listed] == [False, True, False]
    assert (listed[2].targets, listed[2].changes) == ([ONE], {"rating": 2})


def test_what_another_machine_has_undone_is_not_undone_again(tmp_path: Path) -> None:
    here = Annotator(log_on(tmp_path))
    said = here.update_image_rating([ONE, TWO], rating=2)
    there = EventLog(here.log.store, "bob", Journal(tmp_path / "other"))
    there.undo(said.events[:1])
    assert len(undo_last(here.log).events) == 1
    assert image(here) == image(here, TWO) == {"rating": None}


def test_the_latest_word_on_an_image_is_undone(annotator: Annotator) -> None:
    annotator.update_image_rating(ONE, rating=2)
    annotator.update_image_rating(TWO, rating=3)
    undo_on(annotator.log, [ImageTarget(image=ONE)])
    assert (image(annotator), image(annotator, TWO)) == ({"rating": None}, {"rating": 3})
    with pytest.raises(UsageError, match="nothing has been said"):
        undo_on(annotator.log, [ImageTarget(image=ONE)])


def test_an_event_this_machine_never_said_is_not_undone(annotator: Annotator) -> None:
    with pytest.raises(UsageError, match="has not said"):
        undo_events(annotator.log, ["0" * 26])


def test_histories_are_kept_apart(annotator: Annotator) -> None:
    annotator.update_image_rating(ONE, rating=2)
    annotator.flag_session(RUN, is_test=True)
    target = RunTarget(run=RUN)
    found = histories(annotator.log.store, [target])[key_of(target)]
    assert [set_by(event) for event in found] == [{"is_test": True}]


def test_a_laboratory_s_annotator_says_who(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("DARKROOM_BY", "ann")
    lab = library.lab_in(tmp_path)
    with opened_annotator(lab) as annotator:
        said = annotator.soft_delete_image(ONE)
    assert said.events[0].by == "ann"
    assert [line.event for line in journal_of(lab).lines()] == [document_of(said.events[0])]
    assert whoever("bob") == "bob"


def test_a_user_without_a_name_is_somebody(monkeypatch: Any) -> None:
    monkeypatch.delenv("DARKROOM_BY", raising=False)

    def nobody() -> str:
        raise KeyError("uid")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert whoever() == "somebody"


def test_a_journal_survives_torn_lines_and_forgets_what_it_is_told(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "deep" / "journal")
    assert journal.lines() == []
    journal.drop(["a"])
    assert journal.add("x", [{"id": "a"}, {"id": "b"}])
    with (tmp_path / "deep" / "journal").open("ab") as file:
        file.write(b'\n{"action": "x", "event": {"id": "torn')
    assert journal.add("y", [{"id": "c"}])
    assert [line.id for line in journal.lines()] == ["a", "b", "c"]
    journal.drop(["a", "c"])
    assert [(line.action, line.id) for line in journal.lines()] == [("x", "b")]


def test_a_journal_that_cannot_be_written_costs_freshness_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    log = EventLog(FolderStore(tmp_path / "s"), "ann", Journal(tmp_path / "file" / "journal"))
    Annotator(log).update_image_rating(ONE, rating=2)
    assert log.current(ImageTarget(image=ONE)) == {"rating": 2}
    assert not log.journal.add("x", [{"id": "a"}])
