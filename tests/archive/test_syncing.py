"""Synchronising a laboratory: its lock, its store, two laboratories on one store."""

import threading
from pathlib import Path

import pytest

from darkroom.adapters.settings import Lab, open_lab
from darkroom.adapters.stores.folder import FolderStore
from darkroom.archive import syncing
from darkroom.archive.querying import rows
from darkroom.core.errors import UsageError
from darkroom.writepath.locks import Locks
from tests.adapters.warehouse.contents import contents
from tests.fakes.archives import Archive

COUNT = "warehouse/status"


def _lab(home: Path, store: Path) -> Lab:
    home.mkdir(parents=True)
    (home / "darkroom.yaml").write_text(f"store:\n  root: {store}\n", encoding="utf-8")
    return open_lab(environ={}, cwd=home)


def _images(lab: Lab) -> object:
    return rows(COUNT, lab=lab)[0]["images"]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return _lab(tmp_path / "home", tmp_path / "store")


@pytest.fixture
def archive(lab: Lab) -> Archive:
    return Archive(FolderStore(lab.store_root))


def test_two_laboratories_on_one_store_come_to_the_same_warehouse(
    lab: Lab, archive: Archive, tmp_path: Path
) -> None:
    other = _lab(tmp_path / "elsewhere", lab.store_root)
    archive.image(1)
    syncing.sync(lab)
    syncing.sync(other)
    second = Archive(FolderStore(other.store_root), run_id="2026-11-21_11-29-00")
    second.skip_ids(50)  # its clock is behind: an earlier run id, seen later
    image = second.image(1)
    syncing.sync(other)
    archive.say(archive.keys.image(1), rating=2)
    second.say(image, is_liked=True)
    syncing.sync(other)
    syncing.sync(lab)
    assert contents(lab.warehouse) == contents(other.warehouse)
    assert _images(lab) == 2


def test_laboratories_that_sync_at_once_both_succeed(lab: Lab, archive: Archive) -> None:
    for number in range(1, 6):
        archive.image(number)
    reports: list[syncing.SyncReport] = []
    threads = [threading.Thread(target=lambda: reports.append(syncing.sync(lab))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(report.added for report in reports) == [0, 0, 5]
    assert _images(lab) == 5


def test_who_waits_too_long_for_the_writer_is_told_who_it_is(
    lab: Lab, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.image(1)
    monkeypatch.setattr(syncing, "WAIT_S", 0.05)
    with Locks(syncing.files_of(lab).private).held(syncing.LOCK):
        with pytest.raises(UsageError, match="process") as caught:
            syncing.sync(lab)
        assert caught.value.code == "lock-busy"


def test_a_rebuild_gives_the_same_and_says_why(lab: Lab, archive: Archive) -> None:
    archive.image(1)
    archive.say(archive.keys.image(1), rating=2)
    syncing.sync(lab)
    before = contents(lab.warehouse)
    assert syncing.rebuild(lab).rebuilt == "asked for"
    assert contents(lab.warehouse) == before


def test_progress_is_told_in_documents(lab: Lab, archive: Archive) -> None:
    told: list[int | None] = []

    def total(count: int | None) -> syncing.Advance:
        told.append(count)
        return told.append

    archive.image(1)
    syncing.sync(lab, total=total)
    assert told == [None, 1]  # what is built anew is read while it is still being counted
    for number in range(2, 4):
        archive.image(number)
    syncing.sync(lab, total=total)
    assert told[2:] == [2, 2]


def test_a_run_is_not_spoilt_by_a_warehouse_that_cannot_be_written(
    lab: Lab, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.image(1)
    assert syncing.sync_after(lab) is None
    assert _images(lab) == 1
    monkeypatch.setattr(syncing, "SHORT_WAIT_S", 0.05)
    with Locks(syncing.files_of(lab).private).held(syncing.LOCK):
        said = syncing.sync_after(lab)
    assert said is not None
    assert "lock-busy" in said


def test_a_machine_that_only_draws_need_not_keep_a_warehouse(lab: Lab, archive: Archive) -> None:
    archive.image(1)
    told = f"store:\n  root: {lab.store_root}\nwarehouse:\n  after_runs: false\n"
    (lab.home / "darkroom.yaml").write_text(told, encoding="utf-8")
    only_draws = open_lab(environ={}, cwd=lab.home)
    assert syncing.sync_after(only_draws) is None
    assert not syncing.files_of(only_draws).published.exists()
    syncing.sync(only_draws)
    assert _images(only_draws) == 1
