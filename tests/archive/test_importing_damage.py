"""What is damaged in a source is named with its reason; what was cut off is made good."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks.importing.sources import flat, flat_sidecar, png, sdgen
from darkroom.adapters.stores import FolderStore
from darkroom.archive.importing import committing, taking
from darkroom.archive.importing.report import ImportReport
from darkroom.archive.importing.taking import Wish, import_folder
from darkroom.writepath.desk import Desk
from darkroom.writepath.locks import Locks

PROJECT = "old"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(FolderStore(tmp_path / "store"), Locks(tmp_path / "locks"))


def taken(folder: Path, desk: Desk) -> ImportReport:
    return import_folder(Wish(folder, PROJECT), desk)


def said(desk: Desk) -> list[dict[str, Any]]:
    """What the store holds of what people had said, without when it was written."""
    keys = [key for key in desk.store.iter_keys() if "/human/" in key]
    events = [json.loads(desk.store.get(key)) for key in keys]
    return [{"id": event["id"], "target": event["target"], **event["set"]} for event in events]


def failures(report: ImportReport) -> dict[str, str]:
    return {line.source: line.reason for line in report.lines if line.outcome == "failed"}


@pytest.mark.parametrize("put", [1, 2, 3, 4, 5, 6, 7])
def test_what_a_person_had_said_survives_a_stop_at_any_point(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, put: int
) -> None:
    source = tmp_path / "source"
    sdgen(source, 60)
    monkeypatch.setattr(taking, "_BATCH_IMAGES", 20)
    whole = Desk(FolderStore(tmp_path / "whole"), Locks(tmp_path / "others"))
    taken(source, whole)
    calls, put_many = list[int](), committing.put_many

    def cut_off(*arguments: Any) -> None:
        put_many(*arguments)
        calls.append(1)
        if len(calls) == put:
            raise KeyboardInterrupt

    monkeypatch.setattr(committing, "put_many", cut_off)
    with pytest.raises(KeyboardInterrupt):
        taken(source, desk)
    monkeypatch.setattr(committing, "put_many", put_many)
    report = taken(source, desk)
    assert (report.count("failed"), report.count("imported") + report.count("skipped")) == (0, 60)
    assert said(desk) == said(whole)
    assert report.validation is not None
    assert (report.validation.is_right, report.validation.images) == (True, 60)
    again = taken(source, desk)
    assert sum(session.marks for session in again.sessions) == 0


def test_a_sidecar_nobody_can_read_is_named_and_its_image_is_told_apart(
    desk: Desk, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    flat(source, 3)
    first, second, _ = sorted(source.glob("*.json"))
    first.write_text("{ cut off")
    second.write_text("[]")
    second.with_suffix("").write_bytes(png(9, {"parameters": "a cat\nSteps: 9, Seed: 5"}))
    report = taken(source, desk)
    found = failures(report)
    assert found.keys() == {first.name, second.name}
    assert all(reason.startswith("[sidecar-") for reason in found.values())
    assert report.count("imported") == 2  # what the second image says of itself is enough
    (skipped,) = [line for line in report.lines if line.outcome == "skipped"]
    assert skipped.source == first.with_suffix("").name


def test_a_sidecar_without_its_image_is_named(desk: Desk, tmp_path: Path) -> None:
    flat(tmp_path / "source", 2)
    lone = tmp_path / "source" / "alone"
    lone.mkdir()
    (lone / "gone.png.json").write_text(json.dumps(flat_sidecar(7)))
    next(iter((tmp_path / "source").glob("*.png"))).unlink()
    report = taken(tmp_path / "source", desk)
    assert sorted(failures(report).values()) == ["the image it speaks of is not there"] * 2
    assert "alone/gone.png.json" in failures(report)
    assert report.count("imported") == 1


def test_a_link_to_nowhere_and_a_time_no_clock_shows_cost_only_themselves(
    desk: Desk, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "good.png").write_bytes(png(1, {"parameters": "a cat\nSteps: 9, Seed: 5"}))
    os.utime(source / "good.png", (400_000_000_000, 400_000_000_000))
    (source / "gone.png").symlink_to("nowhere.png")
    report = taken(source, desk)
    assert (report.count("imported"), [*failures(report)]) == (1, ["gone.png"])


def test_a_value_nested_without_end_costs_only_itself(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    deep = "[" * 900 + "]" * 900
    (folder / "a.png").write_bytes(png(1, {"parameters": f'{{"prompt": "x", "deep": {deep}}}'}))
    (folder / "b.png").write_bytes(png(2))
    (folder / "b.png.json").write_text(f'{{"prompt": "y", "seed": NaN, "deep": {deep}}}')
    report = taken(folder, desk)
    assert (report.count("imported"), report.count("failed")) == (2, 0)
    told = [
        json.loads(desk.store.get(key))
        for key in desk.store.iter_keys()
        if "images/" in key and key.endswith(".json")
    ]
    assert [each["input"]["prompt"] for each in told] == ["x", "y"]


def test_camera_data_that_is_cut_off_costs_only_itself(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    Image.new("RGB", (8, 8)).save(folder / "a.jpg", exif=b"Exif\0\0MM\0*")
    (folder / "b.png").write_bytes(png(1, {"parameters": "a cat\nSteps: 4, Seed: 1"}))
    report = taken(folder, desk)
    assert (report.count("imported"), report.count("skipped")) == (1, 1)
