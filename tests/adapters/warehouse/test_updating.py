"""Bringing a warehouse up to a folder store."""

import os
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.warehouse import state
from darkroom.adapters.warehouse.opening import writing
from darkroom.adapters.warehouse.updating import Files, rebuild, update
from darkroom.core.errors import StoreUnavailable
from tests.adapters.warehouse.conftest import Ask
from tests.adapters.warehouse.contents import contents
from tests.fakes.archives import Archive


def test_every_form_of_sidecar_becomes_a_row(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    archive.image()
    archive.foreign("s0-flat.json", "20260104_011032_output.png.json")
    archive.foreign("s3-nested.json", "cars/20260104_153000_car.png.json")
    archive.foreign("s2-iteration.json", "old/working/run/metadata/iteration_3_metadata.json")
    report = update(files, folder)
    assert (report.added, report.quarantined, report.failed_checks) == (4, 0, ())
    assert ask("SELECT image, form, project, run, seed FROM image ORDER BY form") == [
        (archive.keys.image(1), "darkroom-1", "demo", f"demo/{archive.run_id}", 1001),
        ("20260104_011032_output.png", "s0-flat", None, None, 12345),
        ("old/working/run/images/iteration_3.png", "s2-iteration", "old", "old/run", 12345),
        ("cars/20260104_153000_car.png", "s3-nested", "cars", None, 1001),
    ]


def test_the_flat_names_of_the_oldest_sidecars_can_be_asked_for(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    archive.foreign("s0-flat.json", "20260104_011032_output.png.json")
    update(files, folder)
    columns = (
        "prompt, negative_prompt, workflow, seed, steps, cfg, sampler, scheduler, loras, preset,"
        " validation_score, minio_url"
    )
    assert ask(f"SELECT {columns} FROM flat") == [
        (
            "a paper boat on a grey pond",
            "blurry, text",
            "flux-dev.json",
            12345,
            30,
            7.5,
            "euler",
            "normal",
            [{"name": "ink-wash.safetensors", "strength": 0.8}],
            "high-quality",
            0.85,
            "http://192.168.1.215:9000/comfy-gen/20260104_011032_output.png",
        )
    ]


def test_the_parts_of_a_sidecar_have_tables_of_their_own(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    archive.image()
    update(files, folder)
    assert ask("SELECT axis, value FROM variations ORDER BY axis") == [
        ("colour", "red"),
        ("place", "above"),
    ]
    assert ask("SELECT field, passed, probability FROM criteria ORDER BY field") == [
        ("circle_is_red", True, 0.97),
        ("square_is_blue", None, None),
    ]
    assert ask("SELECT field, value FROM answers") == [("colour_of_circle", "red")]
    assert ask("SELECT position, name, strength_clip FROM image_loras") == [
        (1, "warm.safetensors", 0.25)
    ]
    assert ask("SELECT metric, tier, normalised, reason FROM scores ORDER BY metric") == [
        ("edge_density", "lite", 6.0, None),
        ("laion_aes", "onnx", None, "no weights on this machine"),
        ("niqe", "lite", 6.5, None),
    ]
    assert ask("SELECT criteria_met, criteria_count, lora_count FROM image") == [(1, 2, 1)]


def test_nothing_new_changes_no_file(archive: Archive, folder: FolderStore, files: Files) -> None:
    archive.image()
    update(files, folder)
    before = files.published.stat()
    report = update(files, folder)
    assert not report.is_new
    assert files.published.stat().st_ino == before.st_ino


def test_only_what_is_new_is_taken_in(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    archive.image(1)
    update(files, folder)
    archive.image(2)
    other = replace(archive, run_id="2026-11-22_00-00-00")
    other.image(1)
    report = update(files, folder)
    assert (report.added, report.rebuilt) == (2, None)
    assert ask("SELECT count(*) FROM image") == [(3,)]


def test_rows_of_documents_that_are_gone_go(
    archive: Archive, folder: FolderStore, files: Files
) -> None:
    archive.image(1)
    archive.image(2)
    update(files, folder)
    folder.delete(archive.keys.sidecar(2))
    report = update(files, folder)
    assert report.removed == 1
    incremental = contents(files.published)
    rebuild(files, folder, "test")
    assert incremental == contents(files.published)


def test_a_folder_that_is_gone_takes_its_rows_along(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    archive.image(1)
    other = replace(archive, run_id="2026-11-22_00-00-00")
    other.image(1)
    update(files, folder)
    (folder.root / other.keys.sidecar(1)).unlink()
    (folder.root / other.keys.root / "images").rmdir()
    (folder.root / other.keys.root).rmdir()
    assert update(files, folder).removed == 1
    assert ask("SELECT run_id FROM run") == [(archive.run_id,)]


@pytest.mark.parametrize("better", ["images/iteration_001.png.json", "run.json"])
def test_what_only_a_better_document_hid_counts_when_that_is_gone(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask, better: str
) -> None:
    metadata = f"{archive.keys.root}/metadata/iteration_001_metadata.json"
    archive.foreign("s2-iteration.json", metadata)
    archive.run() if better == "run.json" else archive.image(1)
    for path in (folder.root / archive.keys.root).rglob(""):
        os.utime(path, (1_000_000_000, 1_000_000_000))  # settled: nobody looks at it again
    update(files, folder)
    folder.delete(f"{archive.keys.root}/{better}")
    report = update(files, folder)
    assert (report.added, report.removed, report.rebuilt) == (1, 1, None)
    assert ask("SELECT source FROM sources") == [(metadata,)]


def test_a_store_that_shows_nothing_any_more_does_not_empty_the_warehouse(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    archive.image(1)
    update(files, folder)
    folder.delete(archive.keys.sidecar(1))
    with pytest.raises(StoreUnavailable, match="holds nothing any more") as caught:
        update(files, folder)
    assert caught.value.code == "warehouse-store-empty"
    assert ask("SELECT count(*) FROM image") == [(1,)]
    rebuild(files, folder, "asked for")
    assert ask("SELECT count(*) FROM image") == [(0,)]


def test_a_document_mended_in_its_place_is_read_again(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    key = archive.keys.sidecar(1)
    archive.put(key, b'{"half": ')
    update(files, folder)
    assert ask("SELECT source, code FROM quarantine") == [(key, "sidecar-truncated")]
    archive.image(1)
    report = update(files, folder)
    assert (report.added, report.changed) == (0, 1)
    assert ask("SELECT count(*) FROM quarantine") == [(0,)]
    assert ask("SELECT image FROM image") == [(archive.keys.image(1),)]


def test_an_edit_that_moves_no_folder_is_found_by_looking_at_everything(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    archive.image(1)
    update(files, folder)
    path = folder.root / archive.keys.sidecar(1)
    images = path.parent.stat()
    path.write_bytes(path.read_bytes().replace(b'"seed": 1001', b'"seed": 2002'))
    os.utime(path.parent, ns=(images.st_atime_ns, images.st_mtime_ns))
    assert update(files, folder, whole=True).changed == 1
    assert ask("SELECT seed FROM image") == [(2002,)]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("DELETE FROM sources WHERE source LIKE '%_002%'", "part of what it held is missing"),
        ("UPDATE sync_state SET store = 'elsewhere'", "it was built from another store"),
        ("UPDATE sync_state SET schema_id = 'old'", "it was built by another version of Darkroom"),
        ("DELETE FROM sync_state", "it could not be read"),
        ("DROP TABLE folders CASCADE", "it could not be read"),
    ],
)
def test_a_warehouse_that_cannot_be_trusted_is_built_anew(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask, damage: str, reason: str
) -> None:
    archive.image(1)
    archive.image(2)
    update(files, folder)
    files.published.chmod(0o644)
    with writing(files.published) as connection:
        connection.execute(damage)
    report = update(files, folder)
    assert report.rebuilt is not None
    assert reason in report.rebuilt
    assert ask("SELECT count(*) FROM image") == [(2,)]


@pytest.mark.parametrize("content", [b"", b"no database", b"\x89PNG\r\n\x1a\n" * 1000])
def test_a_file_that_is_no_warehouse_is_replaced(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask, content: bytes
) -> None:
    archive.image(1)
    files.published.write_bytes(content)
    assert update(files, folder).rebuilt
    assert ask("SELECT count(*) FROM image") == [(1,)]


def test_a_warehouse_with_a_damaged_block_is_replaced(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    for number in range(1, 30):
        archive.image(number)
    update(files, folder)
    files.published.chmod(0o644)
    data = bytearray(files.published.read_bytes())
    for place in range(3 * 4096, len(data), 4096):
        data[place + 100] ^= 0xFF
    files.published.write_bytes(bytes(data))
    assert update(files, folder).rebuilt
    assert ask("SELECT count(*), count(document) FROM image") == [(29, 29)]


def test_nothing_of_a_build_is_left_beside_the_warehouse(
    archive: Archive, folder: FolderStore, files: Files
) -> None:
    archive.image(1)
    files.private.mkdir()
    (files.private / "working.duckdb").write_bytes(b"left by a killed process")
    (files.private / "working.duckdb.wal").write_bytes(b"this too")
    files.published.with_name(f"{files.published.name}.wal").write_bytes(b"and somebody's")
    update(files, folder)
    assert list(files.private.iterdir()) == []
    assert sorted(path.name for path in files.published.parent.iterdir() if path.is_file()) == [
        files.published.name
    ]


def test_an_empty_store_gives_an_empty_warehouse(
    folder: FolderStore, files: Files, ask: Ask
) -> None:
    report = update(files, folder)
    assert (report.added, report.rebuilt, report.failed_checks) == (0, "there was none", ())
    assert ask("SELECT count(*) FROM image") == [(0,)]
    assert not update(files, folder).is_new


def test_links_in_the_store_are_not_followed(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask, tmp_path: Path
) -> None:
    archive.image(1)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.png.json").write_bytes((folder.root / archive.keys.sidecar(1)).read_bytes())
    (folder.root / "linked").symlink_to(outside)
    (folder.root / "b.png.json").symlink_to(outside / "a.png.json")
    update(files, folder)
    assert ask("SELECT image FROM image") == [(archive.keys.image(1),)]


def test_checks_that_need_more_memory_than_the_writing_get_it(
    archive: Archive, folder: FolderStore, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def demanding(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
        tried.append(connection.execute("SELECT current_setting('memory_limit')").fetchall()[0][0])
        if len(tried) < 3:
            raise duckdb.OutOfMemoryException("a million rows")
        return ()

    monkeypatch.setattr(state, "failed_checks", demanding)
    archive.image(1)
    assert update(files, folder).added == 1
    assert tried == ["244.1 MiB", "366.2 MiB", "488.2 MiB"]
