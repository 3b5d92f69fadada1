"""Several processes read documents, and nobody can tell from what they read."""

import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.warehouse import building, crew, folder_walk
from darkroom.adapters.warehouse.answering import serve
from darkroom.adapters.warehouse.batches import shapes_of
from darkroom.adapters.warehouse.crew import Crew
from darkroom.adapters.warehouse.listing import Entry
from darkroom.adapters.warehouse.reading import Portion
from darkroom.adapters.warehouse.shaping import Shapes
from darkroom.adapters.warehouse.updating import Files, update
from darkroom.adapters.warehouse.wire import (
    Asked,
    receive_answer,
    send_answer,
    send_request,
    send_shapes,
)
from tests.adapters.warehouse.conftest import Ask
from tests.adapters.warehouse.contents import contents
from tests.fakes.archives import Archive

SCORE = {"metric": "niqe", "tier": "lite", "normalised": 5.0, "raw": 1.0, "version": "1"}


@pytest.fixture
def shapes() -> Iterator[Shapes]:
    with duckdb.connect() as connection:
        building.create(connection)
        yield shapes_of(connection)


@pytest.fixture
def mixed(archive: Archive) -> Archive:
    """Some of everything, damaged documents included."""
    for number in range(1, 8):
        archive.image(number)
    archive.image(8, parameters__seed="many", parameters__steps=True, timestamp=5)
    archive.put(archive.keys.sidecar(9), b"{")
    archive.put(archive.keys.sidecar(10), b'{"schema": "darkroom/sidecar", "x": "\xff"}')
    archive.foreign("s0-flat.json", "bucket/1.png.json")
    archive.foreign("s2-iteration.json", "old/working/run/metadata/iteration_3_metadata.json")
    archive.run()
    archive.say(archive.keys.image(1), rating=9.0, extra={"a": [1]})
    archive.score(archive.keys.image(2), "2026-12-01T00:00:00Z", 4.0, SCORE)
    archive.rank([2, 1], {"1": "good"})
    return archive


def _portions(store: FolderStore, size: int = 3) -> list[Asked]:
    listed = sorted(folder_walk.walk(store.root, {}).entries)
    asked = [(key, Entry(*rest)) for key, *rest in listed]
    return [asked[start : start + size] for start in range(0, len(asked), size)]


def _told(found: Iterator[tuple[int, Portion]]) -> list[object]:
    """Portions in a form that can be compared."""
    return [
        (
            count,
            portion.refused,
            {n: t.to_pylist() for n, t in portion.tables.items() if t.num_rows},
        )
        for count, portion in found
    ]


def test_a_warehouse_built_by_several_processes_is_the_one_built_by_one(
    mixed: Archive, folder: FolderStore, files: Files, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = Files(files.published.with_name("alone.duckdb"))
    update(alone, folder)
    started: list[Crew] = []
    monkeypatch.setattr(building, "MANY", 3)
    monkeypatch.setattr(building, "_KEYS_AT_A_TIME", 4)
    monkeypatch.setattr(crew, "_cores", lambda: 2)
    start = Crew.start
    monkeypatch.setattr(Crew, "start", lambda self: (start(self), started.append(self)))
    report = update(files, folder)
    assert [len(found.pids) for found in started] == [2]
    assert (report.quarantined, report.failed_checks) == (2, ())
    assert contents(files.published) == contents(alone.published)
    assert ask("SELECT count(*) FROM quarantine") == [(2,)]


@pytest.mark.parametrize("victims", [1, 2])
def test_what_a_killed_worker_did_not_read_is_read_all_the_same(
    mixed: Archive, folder: FolderStore, shapes: Shapes, victims: int
) -> None:
    portions = _portions(folder)
    with Crew(folder, 1) as alone, Crew(folder, 2) as found:
        found.start()
        expected = _told(alone.read(portions, shapes))
        reading = found.read(portions, shapes)
        first = next(reading)
        for pid in found.pids[:victims]:
            os.kill(pid, signal.SIGKILL)
        assert _told(iter([first, *reading])) == expected


@pytest.mark.parametrize("victims", [1, 2])
def test_what_a_stopped_worker_did_not_read_is_read_all_the_same(
    mixed: Archive,
    folder: FolderStore,
    shapes: Shapes,
    victims: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    portions = _portions(folder)
    with Crew(folder, 1) as alone, Crew(folder, 2) as found:
        found.start()
        for pid in found.pids[:victims]:
            os.kill(pid, signal.SIGSTOP)  # without a bound it would be waited for for ever
        monkeypatch.setattr(crew, "_ANSWERS_WITHIN_S", 0.2)
        read = _told(found.read(portions, shapes))
        assert read == _told(alone.read(portions, shapes))


def test_workers_end_when_the_one_who_asks_gives_up(
    mixed: Archive, folder: FolderStore, shapes: Shapes
) -> None:
    with Crew(folder, 2) as found:
        found.start()
        reading = found.read(_portions(folder), shapes)
        next(reading)
        reading.close()  # as when an insert fails
        pids = found.pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_where_no_process_can_be_started_all_is_read_here(
    mixed: Archive, folder: FolderStore, shapes: Shapes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with Crew(folder, 2) as found:
        found.start()
        assert found.pids == ()
        read = _told(found.read(_portions(folder), shapes))
    assert sum(portion[1] for portion in read) == 2


def test_an_answer_that_breaks_off_anywhere_is_no_answer(
    mixed: Archive, folder: FolderStore, shapes: Shapes
) -> None:
    with Crew(folder, 1) as alone:
        portion = next(alone.read(_portions(folder, 100), shapes))[1]
    whole = io.BytesIO()
    send_answer(portion, whole)
    size = len(whole.getvalue())
    for cut in [*range(0, size, max(1, size // 200)), size - 1]:
        with pytest.raises(crew.NO_ANSWER):
            receive_answer(io.BytesIO(whole.getvalue()[:cut]))
    assert receive_answer(io.BytesIO(whole.getvalue())).refused == portion.refused


def test_a_worker_answers_until_nobody_asks(
    mixed: Archive, folder: FolderStore, shapes: Shapes, tmp_path: Path
) -> None:
    portions = _portions(folder)
    asked, answered = io.BytesIO(), io.BytesIO()
    send_shapes(shapes, asked)
    for portion in portions:
        send_request(portion, asked)
    serve(folder.root, io.BytesIO(asked.getvalue()), answered)
    pipe = io.BytesIO(answered.getvalue())
    answers = iter([(len(portion), receive_answer(pipe)) for portion in portions])
    with Crew(folder, 1) as alone:
        assert _told(answers) == _told(alone.read(portions, shapes))
    nothing = io.BytesIO()
    serve(tmp_path, io.BytesIO(), nothing)
    assert nothing.getvalue() == b""
