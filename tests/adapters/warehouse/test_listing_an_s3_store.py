"""A store on a server gives the same warehouse as a folder with the same keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.stores.s3 import S3Store
from darkroom.adapters.stores.spool import SpooledStore
from darkroom.adapters.warehouse.updating import Files, update
from tests.adapters.warehouse.conftest import Ask
from tests.adapters.warehouse.contents import contents
from tests.fakes.archives import Archive
from tests.fakes.s3_servers import rclone


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Store]:
    with rclone(tmp_path_factory.mktemp("rclone")) as server:
        store = server.new_store()
        yield store
        store.close()


def test_a_bucket_is_synchronised_and_then_only_what_is_new(
    bucket: S3Store, files: Files, ask: Ask, folder: FolderStore, tmp_path: Path
) -> None:
    for store in (bucket, folder):
        archive = Archive(store)
        archive.run()
        for number in range(1, 5):
            archive.image(number)
        archive.say(archive.keys.image(2), rating=7)
        archive.foreign("s0-flat.json", "20260104_011032_output.png.json")
        archive.put("demo/working/jobs/abc/2026.json", b"{}")
        archive.put(archive.keys.sidecar(9), b"{")
    spooled = SpooledStore(bucket, tmp_path / "spool")
    report = update(files, spooled)
    assert (report.added, report.quarantined) == (8, 1)
    beside = Files(tmp_path / "beside.duckdb")
    update(beside, folder)
    seen, same = contents(files.published), contents(beside.published)
    assert {k: v for k, v in seen.items() if k != "sources"} == {
        k: v for k, v in same.items() if k != "sources"
    }
    assert not update(files, spooled).is_new


def test_only_recent_runs_are_listed_until_an_hour_has_passed(
    bucket: S3Store, files: Files, ask: Ask
) -> None:
    old = Archive(bucket, "aged", "2025-01-01_00-00-00")
    old.run()
    old.result()
    old.image(1)
    new = Archive(bucket, "aged", "2026-11-21_11-30-00")
    new.image(1)
    assert update(files, bucket).is_whole
    old.image(2)
    old.rank([2, 1])
    new.image(2)
    bucket.delete(new.keys.sidecar(1))
    report = update(files, bucket)
    assert (report.added, report.removed, report.is_whole) == (1, 1, False)
    assert update(files, bucket, whole=True).added == 2
    old.rank([1, 2])  # a ranking is written again under its key
    assert update(files, bucket, whole=True).changed == 1
    assert ask("SELECT iteration FROM rankings WHERE position = 1") == [(1,)]
    assert ask("SELECT run_id, iteration FROM image WHERE project = 'aged' ORDER BY ALL") == [
        (old.run_id, 1),
        (old.run_id, 2),
        (new.run_id, 2),
    ]


def test_a_run_that_is_not_closed_is_listed_though_newer_ones_are_there(
    bucket: S3Store, files: Files, ask: Ask
) -> None:
    slow = Archive(bucket, "slow", "2026-11-01_00-00-00")
    slow.run()
    Archive(bucket, "slow", "2026-11-21_11-30-00").image(1)
    update(files, bucket)
    slow.image(5)
    assert update(files, bucket).added == 1
    assert ask("SELECT count(*) FROM image WHERE project = 'slow'") == [(2,)]


def test_a_project_that_is_new_is_found_at_once(bucket: S3Store, files: Files, ask: Ask) -> None:
    Archive(bucket, "known", "2026-11-21_11-30-00").image(1)
    update(files, bucket)
    Archive(bucket, "a-new-one", "2026-11-21_11-31-00").image(1)
    Archive(bucket, "known-too", "2025-01-01_00-00-00").image(1)
    report = update(files, bucket)
    assert (report.added, report.is_whole) == (2, False)
    assert ask("SELECT count(*) FROM image WHERE project IN ('a-new-one', 'known-too')") == [(2,)]
