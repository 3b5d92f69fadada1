"""Readers and the writer do not wait for one another, whatever readers do."""

import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.warehouse.opening import Limits, reading, writing
from darkroom.adapters.warehouse.updating import Files, update
from darkroom.core.errors import DarkroomError, UsageError
from tests.adapters.warehouse.conftest import Ask
from tests.fakes.archives import Archive

HOLD = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read")
print(connection.execute("SELECT count(*) FROM image").fetchall()[0][0], flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("mode", ["read", "write"])
def test_a_session_of_somebody_else_neither_blocks_nor_is_blocked(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask, mode: str
) -> None:
    archive.image(1)
    update(files, folder)
    files.published.chmod(0o644)  # or the writing session could not even begin
    command = [sys.executable, "-c", HOLD, str(files.published), mode]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as session:
        assert session.stdout is not None
        assert session.stdout.readline() == "1\n"
        assert ask("SELECT count(*) FROM image") == [(1,)]
        archive.image(2)
        assert update(files, folder).added == 1
        assert ask("SELECT count(*) FROM image") == [(2,)]
        session.communicate("\n")
    assert session.returncode == 0


def test_an_open_reader_keeps_what_it_opened_and_the_next_sees_the_new(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    archive.image(1)
    update(files, folder)
    early = reading(files.published)
    try:
        archive.image(2)
        update(files, folder)
        assert early.execute("SELECT count(*) FROM image").fetchall() == [(1,)]
        assert ask("SELECT count(*) FROM image") == [(2,)]
    finally:
        early.close()


def test_readers_in_threads_see_whole_warehouses_only(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    archive.image(1)
    update(files, folder)
    stop = threading.Event()
    seen: list[tuple[int, int]] = []

    def look() -> None:
        while not stop.is_set():
            seen.extend(ask("SELECT count(*), count(DISTINCT image) FROM image"))

    readers = [threading.Thread(target=look) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for number in range(2, 8):
            archive.image(number)
            update(files, folder)
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert all(images == distinct for images, distinct in seen)


def test_the_published_file_is_not_for_writing(
    archive: Archive, folder: FolderStore, files: Files
) -> None:
    archive.image(1)
    update(files, folder)
    assert files.published.stat().st_mode & 0o777 == 0o444


def test_a_plain_duckdb_session_can_open_it(
    archive: Archive, folder: FolderStore, files: Files
) -> None:
    archive.image(1)
    update(files, folder)
    with duckdb.connect(str(files.published), read_only=True) as connection:
        assert connection.execute("SELECT run, image_count FROM run").fetchall() == [
            (f"demo/{archive.run_id}", 1)
        ]


def test_without_a_warehouse_the_error_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        reading(tmp_path / "none.duckdb")
    assert caught.value.code == "warehouse-missing"
    assert "darkroom warehouse sync" in caught.value.hint


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM glob('/*')",
        "COPY (SELECT 1) TO 'x.csv'",
        "ATTACH 'x.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET threads = 1",
        "RESET lock_configuration",
        "DELETE FROM images",
        "CREATE TABLE warehouse.x (a INTEGER)",
        "SELECT * FROM 'x.parquet'",
        "SELECT * FROM archive",
        "EXPORT DATABASE 'x'",
    ],
)
def test_a_reader_reaches_nothing_but_the_warehouse(
    archive: Archive, folder: FolderStore, files: Files, statement: str
) -> None:
    archive.image(1)
    update(files, folder)
    connection = reading(files.published, Limits(memory_mb=256, threads=1))
    try:
        with pytest.raises(duckdb.Error):
            connection.execute(statement).fetchall()
    finally:
        connection.close()


def test_a_file_that_is_no_warehouse_is_an_error_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(b"not a database at all")
    with pytest.raises(DarkroomError) as caught:
        reading(path)
    assert caught.value.code == "warehouse-damaged"


def test_a_writer_does_not_share_its_little_memory_among_threads(tmp_path: Path) -> None:
    with writing(tmp_path / "new.duckdb") as connection:
        settings = "SELECT current_setting('threads'), current_setting('memory_limit')"
        assert connection.execute(settings).fetchone() == (1, "244.1 MiB")
