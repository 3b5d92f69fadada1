"""Rankings are events like any other word of a person; the file of S2 follows from them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from darkroom.adapters.annotation_journal import Journal
from darkroom.adapters.stores.folder import FolderStore
from darkroom.archive.annotating_log import EventLog, histories
from darkroom.archive.annotating_ranking import FOUND, rank
from darkroom.archive.annotating_undoing import undo_last
from darkroom.core.annotations import RunTarget, parse
from darkroom.core.errors import DataError, UsageError
from tests.fakes.archives import Archive

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    made = Archive(FolderStore(tmp_path / "store"))
    for number in (1, 2, 3):
        made.image(number)
    return made


@pytest.fixture
def log(archive: Archive, tmp_path: Path) -> EventLog:
    return EventLog(archive.store, "ann", Journal(tmp_path / "journal"), now=lambda: NOW)


def _run(archive: Archive) -> str:
    return f"{archive.project}/{archive.run_id}"


def _file(archive: Archive) -> dict[str, Any]:
    return json.loads(archive.store.get(archive.keys.ranking()))


def test_a_ranking_is_an_event_and_the_file_follows(archive: Archive, log: EventLog) -> None:
    said = rank(log, _run(archive), [3, 1], {3: "calm light"})
    assert said.events[0].by == "ann"
    expected = {"ranking": ["3", "1"], "notes": {"3": "calm light"}, "updated_at": NOW.timestamp()}
    assert _file(archive) == expected
    current = log.current(RunTarget(run=_run(archive)))["ranking"]
    assert current == {"order": [3, 1], "notes": {"3": "calm light"}}


def test_undoing_brings_the_ranking_before_back_and_every_one_stays_on_record(
    archive: Archive, log: EventLog
) -> None:
    rank(log, _run(archive), [3, 1], {3: "calm light"})
    rank(log, _run(archive), [2], {})
    assert _file(archive)["ranking"] == ["2"]
    undo_last(log)
    assert (_file(archive)["ranking"], _file(archive)["notes"]) == (["3", "1"], {"3": "calm light"})
    undo_last(log)
    assert archive.store.head(archive.keys.ranking()) is None
    target = RunTarget(run=_run(archive))
    assert len(histories(archive.store, [target])["run", _run(archive)]) == 4


@pytest.mark.parametrize("events_before", [0, 1])
def test_a_ranking_that_other_tools_wrote_is_not_lost(
    archive: Archive, log: EventLog, events_before: int
) -> None:
    for _ in range(events_before):
        rank(log, _run(archive), [1], {})
    archive.rank([2, 3], {"2": "best"})
    rank(log, _run(archive), [3], {})
    undo_last(log)
    assert (_file(archive)["ranking"], _file(archive)["notes"]) == (["2", "3"], {"2": "best"})
    target = RunTarget(run=_run(archive))
    told = [event.by for event in histories(archive.store, [target])["run", _run(archive)]]
    assert told == [*["ann"] * events_before, FOUND, "ann", "ann"]


@pytest.mark.parametrize("content", [b"[]", b"{", b'{"ranking": []}'])
def test_a_file_that_ranks_nothing_counts_for_nothing(
    archive: Archive, log: EventLog, content: bytes
) -> None:
    archive.store.put(archive.keys.ranking(), content, "application/json")
    assert len(rank(log, _run(archive), [1], {}).events) == 1
    target = RunTarget(run=_run(archive))
    assert len(histories(archive.store, [target])["run", _run(archive)]) == 1


@pytest.mark.parametrize(
    ("order", "notes", "told"),
    [
        ([], {}, "no iteration is ranked"),
        ([1, 1], {}, "1 stands twice"),
        ([9], {}, "has no iteration 9"),
        ([1], {2: "x"}, "the note on 2"),
    ],
)
def test_what_no_ranking_can_be_is_refused_and_nothing_written(
    archive: Archive, log: EventLog, order: list[int], notes: dict[int, str], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        rank(log, _run(archive), order, notes)
    assert archive.store.head(archive.keys.ranking()) is None


def test_an_event_with_a_damaged_ranking_is_no_event(archive: Archive) -> None:
    key = archive.say("run", ranking={"order": [0]})
    with pytest.raises(DataError, match="ranking"):
        parse(archive.store.get(key), key)
