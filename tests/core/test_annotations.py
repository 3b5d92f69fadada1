"""Annotations: the document, its place, and what several of them come to."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.annotation_history import merged, restoring, undone
from darkroom.core.annotations import (
    MAX_BAG_BYTES,
    Annotation,
    ImageTarget,
    RunTarget,
    Stamp,
    Target,
    annotation_key,
    compose,
    document_of,
    events_prefix,
    is_annotation_key,
    name_of,
    parse,
    run_of,
    serialise,
    set_by,
)
from darkroom.core.errors import DataError, UsageError
from darkroom.core.ulids import ulid

IMAGE = ImageTarget(image="demo/working/2026-11-21_11-30-00/images/iteration_001.png")
RUN = RunTarget(run="demo/2026-11-21_11-30-00")
AT = "2026-11-21T11:30:00.000000Z"


def said(number: int, changes: dict[str, Any], undoes: int | None = None) -> Annotation:
    back = None if undoes is None else ulid(undoes, 0)
    return compose(Stamp(ulid(number, 0), AT, "ann"), IMAGE, changes, back)


@pytest.mark.parametrize(
    ("target", "changes"),
    [
        (IMAGE, {"rating": 7.5, "is_liked": True, "extra": {"mood": ["calm"]}}),
        (IMAGE, {"failure_category": None, "notes": "a \u2603"}),
        (RUN, {"is_test": True, "display_name": "first try"}),
    ],
)
def test_an_event_reads_back_as_it_was_written(target: Target, changes: dict[str, Any]) -> None:
    event = compose(Stamp(ulid(1, 2), AT, "ann"), target, changes)
    key = annotation_key(target, event.id)
    assert parse(serialise(event), key) == event
    assert set_by(event) == changes
    assert document_of(event)["set"] == changes


def test_the_document_holds_only_what_is_said() -> None:
    assert document_of(said(5, {"rating": 8})) == {
        "schema": "darkroom.annotation/1",
        "id": ulid(5, 0),
        "at": AT,
        "by": "ann",
        "target": {"kind": "image", "image": IMAGE.image},
        "set": {"rating": 8},
    }


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "nothing is said"),
        ({"rating": 11}, "rating: Input should be less than or equal to 10"),
        ({"rating": float("nan")}, "rating"),
        ({"status": "great", "is_liked": "yes"}, "is_liked"),
        ({"stars": 5}, "stars: Extra inputs"),
        ({"notes": "\x00"}, "NUL"),
        ({"extra": {"x": "y" * MAX_BAG_BYTES}}, "larger than"),
        ({"is_test": True}, "is_test"),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_field(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        said(1, changes)


@pytest.mark.parametrize(
    ("target", "prefix"),
    [
        (IMAGE, "demo/working/2026-11-21_11-30-00/human/"),
        (RUN, "demo/working/2026-11-21_11-30-00/human/"),
        (ImageTarget(image="bucket/20260104_011032_output.png"), "bucket/human/"),
        (ImageTarget(image="output.png"), "human/"),
        (ImageTarget(image="images/output.png"), "human/"),
        (ImageTarget(image="my-images/output.png"), "my-images/human/"),
        (RunTarget(run="bucket"), "bucket/human/"),
    ],
)
def test_events_lie_in_the_run_of_their_target(target: Target, prefix: str) -> None:
    assert events_prefix(target) == prefix
    assert is_annotation_key(annotation_key(target, ulid(1, 1)))


@pytest.mark.parametrize("key", ["a/human/ranking.json", "a/inhuman/" + "0" * 26 + ".json", ""])
def test_other_documents_are_no_events(key: str) -> None:
    assert not is_annotation_key(key)


@pytest.mark.parametrize(
    ("image", "run"),
    [
        (IMAGE.image, RUN.run),
        ("bucket/output.png", None),
        ("demo/working/loose.png", None),
        ("demo/working/run/", None),
    ],
)
def test_the_run_of_an_image(image: str, run: str | None) -> None:
    assert run_of(image) == run


def test_names_for_messages() -> None:
    assert (name_of(IMAGE), name_of(RUN)) == (IMAGE.image, RUN.run)


@pytest.mark.parametrize("run", ["", "Demo/x", "/a"])
def test_a_run_needs_a_name_that_is_a_key(run: str) -> None:
    with pytest.raises(ValueError, match="PROJECT/RUN"):
        RunTarget(run=run)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "none of them text"),
        (b"[]", "not one object"),
        (b"{}", "target"),
        (b'{"target": []}', "target"),
        (b'{"target": {"kind": "video"}}', "target"),
    ],
)
def test_a_damaged_event_is_refused_with_its_key(data: bytes, told: str) -> None:
    with pytest.raises(DataError, match=told) as caught:
        parse(data, "a/human/x.json")
    assert caught.value.where == "a/human/x.json"


def test_an_event_that_lies_elsewhere_is_refused() -> None:
    event = said(1, {"rating": 1})
    with pytest.raises(DataError, match="belongs elsewhere"):
        parse(serialise(event), annotation_key(IMAGE, ulid(2, 0)))


def test_the_latest_event_of_a_field_wins_also_with_nothing() -> None:
    events = [
        said(3, {"rating": None}),
        said(1, {"rating": 4, "is_liked": True}),
        said(2, {"rating": 9}),
    ]
    assert merged(events) == {"rating": None, "is_liked": True}


def test_undoing_sets_back_what_was_true_before() -> None:
    events = [
        said(1, {"rating": 4}),
        said(2, {"rating": 9, "is_liked": True}),
        said(3, {"notes": "x"}),
    ]
    assert restoring(events, ulid(2, 0)) == {"rating": 4, "is_liked": None}


def test_undoing_leaves_what_was_said_later() -> None:
    assert restoring([said(1, {"rating": 4}), said(2, {"rating": 9})], ulid(1, 0)) == {}


def test_what_was_undone_does_not_come_back_with_a_second_undoing() -> None:
    events = [said(1, {"rating": 4}), said(2, {"rating": 9}), said(3, {}, undoes=1)]
    assert restoring(events, ulid(2, 0)) == {"rating": None}


def test_an_undoing_can_be_undone() -> None:
    events = [said(1, {"rating": 4}), said(2, {"rating": None}, undoes=1)]
    assert restoring(events, ulid(2, 0)) == {"rating": 4}
    again = [*events, said(3, {"rating": 4}, undoes=2)]
    assert undone(again) == {ulid(2, 0)}
    assert restoring(again, ulid(1, 0)) == {"rating": None}


def test_nothing_is_undone_twice_and_nothing_unknown_at_all() -> None:
    events = [said(1, {"rating": 4}), said(2, {"rating": None}, undoes=1)]
    with pytest.raises(UsageError, match="undone already"):
        restoring(events, ulid(1, 0))
    with pytest.raises(UsageError, match="no event"):
        restoring(events, ulid(9, 0))


CHANGES = st.dictionaries(
    st.sampled_from(["rating", "notes", "is_liked"]), st.none(), min_size=1
) | st.fixed_dictionaries({}, optional={"rating": st.integers(0, 10), "notes": st.text("ab")})


@given(st.lists(CHANGES.filter(bool), min_size=1, max_size=8), st.data())
def test_undoing_any_event_is_as_if_it_had_never_been_said(
    told: list[dict[str, Any]], data: st.DataObject
) -> None:
    events = [said(number, changes) for number, changes in enumerate(told)]
    chosen = data.draw(st.sampled_from(events))
    after = [*events, said(99, restoring(events, chosen.id), undoes=int(events.index(chosen)))]
    without = merged(event for event in events if event.id != chosen.id)
    present = {name: value for name, value in merged(after).items() if value is not None}
    assert present == {name: value for name, value in without.items() if value is not None}


def test_an_event_is_one_line_of_json() -> None:
    data = serialise(said(1, {"notes": "two\nlines"}))
    assert data.count(b"\n") == 1
    assert json.loads(data)["set"] == {"notes": "two\nlines"}
