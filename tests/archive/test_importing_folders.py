"""Whole folders of other tools: everything arrives once, nothing of the source changes."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.importing.sources import KINDS, a1111, comfyui, png, sdgen
from darkroom.adapters.stores import FolderStore
from darkroom.adapters.stores.bulk import Parcel
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.warehouse.fetching import Content
from darkroom.apps import console
from darkroom.apps.cli import main
from darkroom.archive.importing import committing, known, taking
from darkroom.archive.importing.report import ImportReport
from darkroom.archive.importing.taking import Wish, import_folder
from darkroom.core import annotations
from darkroom.core.errors import UsageError
from darkroom.core.sidecar import Sidecar, parse
from darkroom.writepath.desk import Desk
from darkroom.writepath.locks import Locks

PROJECT = "old"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    store, locks = FolderStore(tmp_path / "store"), Locks(tmp_path / "locks")
    return Desk(store, locks, storage={"kind": "folder"})


def taken(folder: Path, desk: Desk, *, dry_run: bool = False) -> ImportReport:
    return import_folder(Wish(folder, PROJECT, dry_run), desk)


def sidecars(desk: Desk) -> list[Sidecar]:
    keys = [key for key in desk.store.iter_keys() if "/images/" in key and key.endswith(".json")]
    return [parse(desk.store.get(key), key=key) for key in keys]


def events(desk: Desk) -> list[dict[str, Any]]:
    return [json.loads(desk.store.get(key)) for key in desk.store.iter_keys() if "/human/" in key]


def contents(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_image_of_every_kind_arrives_whole_and_once(
    kind: str, desk: Desk, tmp_path: Path
) -> None:
    KINDS[kind](tmp_path / "source", 60)
    before = contents(tmp_path / "source")
    report = taken(tmp_path / "source", desk)
    assert (report.count("imported"), report.count("failed"), report.count("skipped")) == (60, 0, 0)
    assert report.validation is not None
    assert report.validation.is_right
    found = sidecars(desk)
    assert len(found) == 60
    for sidecar in found:
        data = desk.store.get(sidecar.identity.key or "")
        assert hashlib.sha256(data).hexdigest() == sidecar.identity.sha256
        assert sidecar.origin is not None
        assert sidecar.origin.form == "imported"
        assert sidecar.input.prompt
        assert sidecar.parameters.seed is not None
        assert str(tmp_path) not in sidecar.model_dump_json()
    assert contents(tmp_path / "source") == before
    again = taken(tmp_path / "source", desk)
    assert (again.count("imported"), again.count("skipped")) == (0, 60)


def test_a_dry_run_reads_everything_and_writes_nothing(desk: Desk, tmp_path: Path) -> None:
    sdgen(tmp_path / "source", 30)
    report = taken(tmp_path / "source", desk, dry_run=True)
    assert report.count("imported") == 30
    assert report.validation is None
    assert list(desk.store.iter_keys()) == []


def test_what_came_after_an_import_joins_the_same_run(desk: Desk, tmp_path: Path) -> None:
    a1111(tmp_path / "source", 4)
    taken(tmp_path / "source", desk)
    (folder,) = (tmp_path / "source").iterdir()
    (folder / "00000a.png").write_bytes(png(77, {"parameters": "a cat\nSteps: 9, Seed: 5"}))
    report = taken(tmp_path / "source", desk)
    assert report.count("imported") == 1
    assert len({sidecar.identity.run_id for sidecar in sidecars(desk)}) == 1
    assert sorted(sidecar.identity.iteration or 0 for sidecar in sidecars(desk)) == [1, 2, 3, 4, 5]


def test_the_same_image_in_two_folders_is_taken_once(desk: Desk, tmp_path: Path) -> None:
    comfyui(tmp_path / "source" / "one", 3)
    comfyui(tmp_path / "source" / "two", 3)
    report = taken(tmp_path / "source", desk)
    assert (report.count("imported"), report.count("skipped")) == (3, 3)
    assert report.reasons("skipped") == [("imported already", 3)]


@pytest.mark.parametrize("after", ["images", "sidecars", "marks"])
def test_an_import_that_was_cut_off_goes_on_where_it_was(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    sdgen(tmp_path / "source", 60)
    wanted, calls = ["images", "sidecars", "marks"].index(after), list[int]()
    put_many = committing.put_many

    def cut_off(*arguments: Any) -> None:
        put_many(*arguments)
        calls.append(1)
        if len(calls) > wanted:
            raise KeyboardInterrupt

    monkeypatch.setattr(committing, "put_many", cut_off)
    with pytest.raises(KeyboardInterrupt):
        taken(tmp_path / "source", desk)
    monkeypatch.setattr(committing, "put_many", put_many)
    report = taken(tmp_path / "source", desk)
    assert report.count("failed") == 0
    assert len(sidecars(desk)) == 60
    assert len({sidecar.identity.sha256 for sidecar in sidecars(desk)}) == 60
    images = [key for key in desk.store.iter_keys() if key.endswith(".png")]
    assert len(images) == 60
    assert taken(tmp_path / "source", desk).count("skipped") == 60


def test_what_was_cut_off_is_read_once_and_no_more_than_a_batch_of_it(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    comfyui(tmp_path / "source", 70)
    monkeypatch.setattr(taking, "_BATCH_IMAGES", 20)
    put_many, contents = committing.put_many, known.contents

    def cut_off(store: Store, parcels: list[Parcel]) -> None:
        put_many(store, parcels)
        if any(parcel.key.endswith("_060.png.json") for parcel in parcels):
            raise KeyboardInterrupt

    monkeypatch.setattr(committing, "put_many", cut_off)
    with pytest.raises(KeyboardInterrupt):
        taken(tmp_path / "source", desk)
    monkeypatch.setattr(committing, "put_many", put_many)
    read = list[str]()

    def noting(store: Store, keys: list[str]) -> Iterator[tuple[str, Content]]:
        read.extend(key for key in keys if "/images/" in key)
        yield from contents(store, keys)

    monkeypatch.setattr(known, "contents", noting)
    assert taken(tmp_path / "source", desk, dry_run=True).count("skipped") == 60
    assert len(read) == 20
    assert taken(tmp_path / "source", desk).count("imported") == 10
    assert len(read) == 40
    assert taken(tmp_path / "source", desk).count("skipped") == 70
    assert len(read) == 40
    records = [json.loads(desk.store.get(k)) for k in desk.store.iter_keys() if "/imports/" in k]
    named = [image["name"] for record in records for image in record["images"]]
    assert sorted(named) == [f"{number:05d}.png" for number in range(70)]
    assert {record["session"] for record in records} == {"2025-12-01"}


def test_ratings_and_flags_become_annotations(desk: Desk, tmp_path: Path) -> None:
    sdgen(tmp_path / "source", 25)
    taken(tmp_path / "source", desk)
    said = [event for event in events(desk) if event["target"]["kind"] == "image"]
    assert len(said) == 5
    assert all(event["set"] == {"status": "ko", "failure_category": "malformed"} for event in said)
    (run,) = [event for event in events(desk) if event["target"]["kind"] == "run"]
    assert run["set"]["display_name"].endswith("castle0")
    assert run["set"]["is_test"] is True
    assert run["set"]["extra"]["imported"]["variations"]["Mood"]["count"] == 3
    for key in desk.store.iter_keys():
        if annotations.is_annotation_key(key):
            annotations.parse(desk.store.get(key), key)


def test_a_rating_nobody_understands_is_reported_and_costs_only_itself(
    desk: Desk, tmp_path: Path
) -> None:
    sdgen(tmp_path / "source", 3)
    (folder,) = (tmp_path / "source").iterdir()
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["images"][1]["rating"] = {"technical_quality": "splendid"}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    report = taken(tmp_path / "source", desk)
    assert report.count("imported") == 3
    (failed,) = [line for line in report.lines if line.outcome == "failed"]
    assert "its rating" in failed.reason


def test_bad_files_are_named_with_their_reason_and_the_rest_arrives(
    desk: Desk, tmp_path: Path
) -> None:
    comfyui(tmp_path / "source", 3)
    (folder,) = (tmp_path / "source").iterdir()
    whole = (folder / "00000.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[:-20])
    (folder / "page.png").write_text("<html>")
    (folder / "empty.png").write_bytes(b"")
    (folder / "plain.png").write_bytes(png(9))
    os.mkfifo(folder / "pipe.png")
    report = taken(tmp_path / "source", desk)
    found = {line.source.rpartition("/")[2]: line for line in report.lines}
    assert report.count("imported") == 3
    assert found["cut.png"].reason.startswith("[image-truncated]")
    assert found["page.png"].reason.startswith("[image-format]")
    assert found["empty.png"].reason.startswith("[image-empty]")
    assert found["pipe.png"].reason.startswith("[file-unreadable]")
    assert (found["plain.png"].outcome, found["plain.png"].reason) == (
        "skipped",
        "nothing says how it was made",
    )


def test_manifests_that_cannot_be_read_or_name_what_is_missing_are_reported(
    desk: Desk, tmp_path: Path
) -> None:
    sdgen(tmp_path / "source", 50)
    first, second = sorted((tmp_path / "source").iterdir())
    (first / "manifest.json").write_text("{ not json")
    sorted(second.glob("*.png"))[0].unlink()
    report = taken(tmp_path / "source", desk)
    reasons = {
        line.source.rpartition("/")[2]: line.reason
        for line in report.lines
        if line.outcome == "failed"
    }
    assert reasons["manifest.json"].startswith("cannot be read")
    assert [r for r in reasons.values() if "no such file" in r]
    assert report.count("imported") == 49


def test_a_damaged_record_of_an_import_is_made_up_for_by_the_sidecars(
    desk: Desk, tmp_path: Path
) -> None:
    comfyui(tmp_path / "source", 3)
    taken(tmp_path / "source", desk)
    (record,) = [key for key in desk.store.iter_keys() if "/imports/" in key]
    desk.store.put(record, b"{}", "application/json")
    first = next(key for key in desk.store.iter_keys() if key.endswith(".png.json"))
    desk.store.put(first, b"{ no commit", "application/json")
    report = taken(tmp_path / "source", desk)
    assert (report.count("imported"), report.count("skipped")) == (1, 2)


def test_runs_that_were_drawn_are_left_alone(desk: Desk, tmp_path: Path) -> None:
    desk.store.put(f"{PROJECT}/working/2026-01-01_00-00-00/run.json", b"{}", "application/json")
    desk.store.put(f"{PROJECT}/working/stray.json", b"{}", "application/json")
    comfyui(tmp_path / "source", 2)
    assert taken(tmp_path / "source", desk).count("imported") == 2


def test_an_image_of_which_too_much_is_said_fails_alone(desk: Desk, tmp_path: Path) -> None:
    comfyui(tmp_path / "source", 2)
    (folder,) = (tmp_path / "source").iterdir()
    (folder / "big.png").write_bytes(png(9))
    (folder / "big.txt").write_text('"' * 900_000 + "\nSteps: 9, Seed: 5")
    report = taken(tmp_path / "source", desk)
    assert (report.count("imported"), report.count("failed")) == (2, 1)
    assert report.validation is not None
    assert report.validation.is_right


def test_counts_that_do_not_agree_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path / "lab"))
    (tmp_path / "lab").mkdir()
    console.configure(as_json=False, verbose=False)
    comfyui(tmp_path / "source", 2)
    put_many = committing.put_many
    monkeypatch.setattr(committing, "put_many", lambda store, parcels: put_many(store, parcels[:1]))
    assert main(["import", str(tmp_path / "source")]) == 4
    assert "1 images and 1 sidecars where 2 of each should be" in capsys.readouterr().err


def test_an_empty_session_has_no_time_of_its_own(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "source" / "empty").mkdir(parents=True)
    (tmp_path / "source" / "empty" / "manifest.json").write_text('{"images": []}')
    report = taken(tmp_path / "source", desk)
    assert [line.run for line in report.sessions] == [None]


def test_secrets_and_paths_of_the_machine_stay_behind(tmp_path: Path) -> None:
    store, locks = FolderStore(tmp_path / "store"), Locks(tmp_path / "locks")
    desk = Desk(store, locks, redact=lambda text: text.replace("hunter2", "***"))
    home = "/" + "home/someone/models/x.safetensors"
    folder = tmp_path / "source" / "s"
    folder.mkdir(parents=True)
    text = f"a hunter2 cat\nSteps: 9, Seed: 5, Model: {home}"
    (folder / "a.png").write_bytes(png(1, {"parameters": text, "note": f"from {home}"}))
    import_folder(Wish(tmp_path / "source", PROJECT), desk)
    (sidecar,) = sidecars(desk)
    whole = sidecar.model_dump_json()
    assert "hunter2" not in whole
    assert "someone" not in whole
    assert sidecar.workflow.model == "x.safetensors"


def test_a_project_that_is_being_imported_into_is_not_entered_twice(
    desk: Desk, tmp_path: Path
) -> None:
    comfyui(tmp_path / "source", 1)
    with desk.locks.held(f"import-{PROJECT}"), pytest.raises(UsageError, match="worked on"):
        taken(tmp_path / "source", desk)


def test_the_command_reports_and_takes_it_into_the_warehouse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path / "lab"))
    (tmp_path / "lab").mkdir()
    console.configure(as_json=False, verbose=False)
    sdgen(tmp_path / "source", 30)
    assert main(["import", str(tmp_path / "source"), "--dry-run"]) == 0
    assert "30 would be imported" in capsys.readouterr().out
    assert main(["import", str(tmp_path / "source")]) == 0
    shown = capsys.readouterr().out
    assert "30 imported, 0 skipped, 0 failed, from 2 folders; 7 ratings and flags" in shown
    assert "counted again: 30 images and 30 sidecars in 2 runs" in shown
    assert main(["sql", "select count(*) from image", "--json"]) == 0
    assert "30" in capsys.readouterr().out
    (tmp_path / "source" / "bad.png").write_bytes(b"no picture")
    assert main(["import", str(tmp_path / "source"), "--json"]) == 4
    told = json.loads(capsys.readouterr().out)
    assert (told["imported"], told["skipped"], told["failed"]) == (0, 30, 1)
    assert told["backup"] is not None
    assert len(json.loads(Path(told["report"]).read_text())["files"]) == 31
    assert main(["import", str(tmp_path / "nowhere")]) == 2
