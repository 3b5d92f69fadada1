"""Searching a store of sidecars, and seeing at once what was said of them."""

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from darkroom.adapters.annotation_journal import Journal, journal_of
from darkroom.adapters.settings import Lab
from darkroom.adapters.stores import opened_store
from darkroom.adapters.warehouse.statements import query
from darkroom.archive import annotating_overlay
from darkroom.archive.annotating import Annotator, opened_annotator
from darkroom.archive.annotating_log import EventLog
from darkroom.archive.annotating_undoing import undo_last
from darkroom.archive.opening import opened_library
from darkroom.archive.searching import get_images, get_sessions, search
from darkroom.archive.selecting import select
from darkroom.archive.syncing import sync
from darkroom.core.errors import UsageError
from darkroom.core.selection import FILTERS
from tests.fakes import library
from tests.fakes.library import key_of, sidecar

HOSTILE = "'; DROP TABLE images; -- \" $seed_from {x} %s \\ \u202e\U0001f600"
TEST_RUN = "2026-11-22_00-00-00"
RUN = f"demo/{library.RUN}"


def lora(name: str) -> dict[str, Any]:
    return {"loras": [{"name": name, "strength": 0.5, "strength_clip": None}]}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return library.lab_in(
        tmp_path_factory.mktemp("lab"),
        sidecar(1, input={"prompt": "Sunset over the sea"}, validation_score=0.9),
        sidecar(2, input={"prompt": "a castle"}, quality=library.quality(8.5, "A")),
        sidecar(3, parameters={"cfg": 3.5, "steps": 30, "sampler": "heun"}),
        sidecar(4, parameters=lora("Warm-Light.safetensors"), workflow={"model": "FLUX-dev"}),
        sidecar(5, variations={"place": "beach"}, input={"negative_prompt": "blurry"}),
        sidecar(
            6,
            input={"prompt": HOSTILE},
            parameters={"seed": 2**64 - 1},
            extra={"camera": {"lens/f": [50, "mm"]}, "a.b": 1},
        ),
        sidecar(1, run=TEST_RUN, is_test=True),
        sidecar(1, project="other", run="2026-11-23_00-00-00", input={"preset": "soft"}),
    )


def found(lab: Lab, **filters: Any) -> list[str]:
    every = {"project": "demo"} if "project" not in filters else {}
    frame = search(lab, sort="image", **(every | filters))
    names = [name.removeprefix("demo/working/") for name in frame["image"]]
    return [name.replace(f"{library.RUN}/images/iteration_00", "")[:-4] for name in names]


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({}, "123456"),
        ({"prompt": "sunset"}, "1"),
        ({"without": "SUNSET"}, "23456"),
        ({"negative": "blur"}, "5"),
        ({"seed": "10002..10004"}, "234"),
        ({"seed": f"{2**63}.."}, "6"),
        ({"min_score": 0.8}, "12"),
        ({"score": "0.88.."}, "1"),
        ({"min_quality": 8}, "2"),
        ({"grade": ["A", "F"]}, "2"),
        ({"metric": "niqe=6..7"}, "2"),
        ({"sampler": "heun"}, "3"),
        ({"cfg": "3..4", "steps": 30}, "3"),
        ({"lora": "warm"}, "4"),
        ({"model": "flux"}, "4"),
        ({"variation": "place=beach"}, "5"),
        ({"iteration": "2..3"}, "23"),
        ({"passed": "circle_is_red", "iteration": 1}, "1"),
        ({"missed": "circle_is_red"}, ""),
        ({"accepted": False, "iteration": 1}, "1"),
        ({"accepted": True}, ""),
        ({"similarity": "0.5"}, "123456"),
        ({"criteria": "50"}, "123456"),
        ({"run": library.RUN, "image": [key_of(3)]}, "3"),
        ({"run": f"demo/{library.RUN}", "until": "2026-11-21T11:30:03"}, "12"),
        ({"since": "2026-11-21T11:30:05"}, "56"),
        ({"liked": False}, "123456"),
        ({"extra": "camera.lens/f.0=50"}, "6"),
        ({"extra": "camera.lens/f.1"}, "6"),
        ({"extra": "a.b=1"}, "6"),
        ({"extra": "camera.lens/f.1=50"}, ""),
        ({"extra": "' OR TRUE --=1"}, ""),
        ({"annotated": True}, ""),
        ({"prompt": HOSTILE}, "6"),
        ({"prompt": "'; DROP TABLE images; --"}, "6"),
        ({"scheduler": "' OR TRUE --"}, ""),
        ({"status": "ok", "width": 64, "height": "60..70"}, "123456"),
    ],
)
def test_a_filter_finds_the_images_it_describes(
    lab: Lab, filters: dict[str, Any], numbers: str
) -> None:
    assert "".join(found(lab, **filters)) == numbers


def test_tests_are_left_out_unless_asked_for(lab: Lab) -> None:
    assert found(lab, tests="only") == [f"{TEST_RUN}/images/iteration_001"]
    assert len(found(lab, tests="include")) == 7
    assert list(search(lab, preset="soft")["project"]) == ["other"]


def test_every_filter_has_its_condition_and_every_condition_its_filter() -> None:
    asked = {item.name: _example(item.kind, item.choices) for item in FILTERS}
    for least in ("min_score", "min_quality", "min_rating"):
        del asked[least]
    everything = asked | {"tests": "only", "archived": "only", "deleted": "only"}
    given = select(everything).parameters
    assert set(given) == query("selected").parameters
    assert select(everything).text == query("selected").text


def _example(kind: str, choices: tuple[str, ...]) -> Any:
    examples: dict[str, Any] = {
        "flag": True,
        "moment": "1d",
        "axis": "a=b",
        "of": "niqe",
        "entry": "a=b",
    }
    return examples.get(kind, choices[0] if choices else "1")


def test_all_filters_at_once_are_one_valid_question(lab: Lab) -> None:
    asked = {item.name: _example(item.kind, item.choices) for item in FILTERS if not item.of}
    assert search(lab, **asked).empty


@pytest.mark.parametrize(
    ("sort", "numbers"), [("seed", "123456"), ("-seed", "654321"), ("-score", "123456")]
)
def test_results_are_sorted(lab: Lab, sort: str, numbers: str) -> None:
    frame = search(lab, sort=sort, project="demo")
    assert "".join(str(number) for number in frame["iteration"]) == numbers


def test_a_page_is_cut_from_the_sorted_whole(lab: Lab) -> None:
    frame = search(lab, sort="seed", limit=2, offset=1, project="demo")
    assert list(frame["iteration"]) == [2, 3]


@pytest.mark.parametrize("sort", ["sede", "seed; DROP TABLE images", ""])
def test_nothing_else_can_be_sorted_by(lab: Lab, sort: str) -> None:
    with pytest.raises(UsageError, match="nothing is sorted by"):
        search(lab, sort=sort)


@pytest.mark.parametrize("asked", [{"prompt": "a\udcff"}, {"run": ["a", "\ud800"]}])
def test_what_is_no_text_is_no_filter(lab: Lab, asked: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="is no text"):
        search(lab, **asked)


def test_seeds_keep_every_digit(lab: Lab) -> None:
    assert list(search(lab, prompt=HOSTILE)["seed"]) == [2**64 - 1]


def test_images_and_sessions_as_s1_asks_for_them(lab: Lab) -> None:
    assert list(get_images(lab, TEST_RUN)["iteration"]) == [1]
    assert list(get_images(lab, library.RUN, seed="10005..")["iteration"]) == [5, 6]
    assert list(get_sessions(lab, projects=["demo"])["run_id"]) == [TEST_RUN, library.RUN]
    assert list(get_sessions(lab, is_test=True)["run_id"]) == [TEST_RUN]
    assert len(get_sessions(lab, limit=1)) == 1
    assert list(get_sessions(lab, since="2026-11-21", until="2026-11-22")["image_count"]) != []
    with pytest.raises(UsageError, match="no moment"):
        get_sessions(lab, since="yesterday")


@pytest.fixture
def small(tmp_path: Path) -> Lab:
    return library.lab_in(tmp_path, sidecar(1), sidecar(2), sidecar(3))


def test_what_is_said_is_found_before_any_sync(small: Lab) -> None:
    sync(small)
    with opened_annotator(small, "ann") as annotator:
        annotator.update_image_rating(key_of(1), rating=9, is_liked=True)
        annotator.update_image_failure(key_of(2), "noise", "grain")
        annotator.soft_delete_image(key_of(3))
        annotator.update_image(key_of(1), extra={"mood": "calm"})
        annotator.flag_session(RUN, is_archived=True)
    assert found(small) == []
    assert found(small, archived="only") == ["1", "2"]
    shown = {"archived": "include", "deleted": "include"}
    assert found(small, **shown, liked=True, min_rating=9) == ["1"]
    assert found(small, **shown, failure="noise", status="ko", notes="GRAIN") == ["2"]
    assert found(small, archived="include", deleted="only") == ["3"]
    assert found(small, **shown, extra="mood=calm") == ["1"]
    with opened_library(small) as connection:
        row = connection.execute("SELECT extra, annotated_by FROM image WHERE rating = 9")
        assert row.fetchall() == [('{"mood": "calm"}', "ann")]


def test_a_sync_finds_the_same_as_the_overlay(small: Lab) -> None:
    sync(small)
    with opened_annotator(small, "ann") as annotator:
        annotator.update_image_rating(key_of(1), rating=9, technical_quality="perfect")
        annotator.update_image_rating(key_of(1), rating=None)
        annotator.soft_delete_image([key_of(1), key_of(2)])
        annotator.restore_image(key_of(1))
        annotator.update_session(RUN, display_name="first", extra={"a": [1]})
    question = "SELECT * EXCLUDE (document) FROM image_all ORDER BY image"
    sessions = "SELECT * FROM run_all ORDER BY run"

    def answers() -> list[Any]:
        with opened_library(small) as connection:
            return [connection.execute(text).fetchall() for text in (question, sessions)]

    before = answers()
    sync(small)
    journal_of(small).drop({line.id for line in journal_of(small).lines()})
    assert [_plain(rows) for rows in answers()] == [_plain(rows) for rows in before]


def _plain(rows: list[Any]) -> list[str]:
    """Rows as text; the overlay and the warehouse may space JSON differently."""
    return [re.sub(r"\s", "", repr(row)) for row in rows]


def test_fresh_words_are_joined_with_older_ones_field_by_field(small: Lab) -> None:
    with opened_annotator(small, "ann") as annotator:
        annotator.update_image_rating(key_of(1), rating=9, is_liked=True)
        sync(small)
        annotator.update_image_rating(key_of(1), rating=2)
    assert found(small, liked=True, rating="2") == ["1"]


def test_a_word_from_elsewhere_that_is_later_wins_over_a_fresh_one(small: Lab) -> None:
    with opened_annotator(small, "ann") as annotator:
        annotator.update_image_rating(key_of(1), rating=2)
        with opened_store(small) as store:
            elsewhere = EventLog(store, "bob", Journal(small.home / "elsewhere"))
            Annotator(elsewhere).update_image_rating(key_of(1), rating=7)
    lines = journal_of(small).lines()
    sync(small)
    with opened_library(small) as connection:
        # as if the snapshot had the later event and lacked the earlier one
        late = "main.annotations WHERE annotated_by = 'bob'"
        connection.execute(f"CREATE TEMP TABLE annotations AS SELECT * FROM {late}")
        assert annotating_overlay.overlay(connection, journal_of(small)) == len(lines)
        assert connection.execute("SELECT rating FROM image WHERE rating > 0").fetchone() == (7,)


def test_a_long_journal_forgets_what_the_warehouse_knows(
    small: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(annotating_overlay, "FORGET_BEYOND", 2)
    monkeypatch.setattr(annotating_overlay, "KEPT_FOR_UNDOING", 1)
    with opened_annotator(small, "ann") as annotator:
        for rating in range(5):
            annotator.update_image_rating(key_of(1), rating=rating)
    sync(small)
    assert found(small, rating="4") == ["1"]
    assert len(journal_of(small).lines()) == 1


def test_a_long_journal_keeps_all_that_one_command_said(
    small: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(annotating_overlay, "FORGET_BEYOND", 0)
    monkeypatch.setattr(annotating_overlay, "KEPT_FOR_UNDOING", 1)
    three = [key_of(number) for number in (1, 2, 3)]
    with opened_annotator(small, "ann") as annotator:
        annotator.update_image_rating(three, rating=4)
        annotator.update_image_rating(three, rating=8)
    sync(small)
    assert len(found(small, rating="8")) == 3
    with opened_annotator(small, "ann") as annotator:
        assert len(undo_last(annotator.log).events) == 3
    assert len(found(small, rating="4")) == 3


def test_a_journal_with_nonsense_does_no_harm(small: Lab) -> None:
    journal_of(small).add("x", [{"id": "1"}, {"id": "2", "target": {"kind": "image", "image": 7}}])
    assert found(small) == ["1", "2", "3"]


def test_the_warehouse_stays_as_it_is_under_an_overlay(small: Lab) -> None:
    sync(small)
    with opened_annotator(small, "ann") as annotator:
        annotator.soft_delete_image(key_of(1))
    found(small)
    with duckdb.connect(str(small.warehouse), read_only=True) as plain:
        assert plain.execute("SELECT count(*) FROM image").fetchone() == (3,)
