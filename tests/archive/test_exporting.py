"""Exports: three forms, to a file or the store, and training sets that can be trusted."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from darkroom.adapters.settings import Lab
from darkroom.adapters.stores import opened_store
from darkroom.archive.annotating import opened_annotator
from darkroom.archive.exporting import (
    Wish,
    export,
    export_anywhere,
    export_to_csv,
    export_to_jsonl,
    export_to_parquet,
)
from darkroom.archive.exporting_forms import form_of
from darkroom.archive.exporting_training import TrainingSet, samples_in, write_training_set
from darkroom.archive.opening import opened_library
from darkroom.archive.selecting import select
from darkroom.core.errors import UsageError
from tests.fakes import library
from tests.fakes.library import key_of, sidecar

HOSTILE = "two\nlines, \"quoted\"; 'single' \u202e\U0001f600 =1+1"
LORA = {"loras": [{"name": "warm.safetensors", "strength": 0.5, "strength_clip": None}]}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    made = library.lab_in(
        tmp_path,
        sidecar(1, input={"prompt": HOSTILE}, parameters={**LORA, "seed": 2**64 - 1}),
        sidecar(2, variations={"place": "beach"}),
        sidecar(3, is_test=True),
    )
    with opened_annotator(made, "ann") as annotator:
        annotator.update_image_rating(key_of(1), rating=9)
        annotator.update_image(key_of(1), extra={"mood": ["calm"]})
    return made


def test_csv_holds_every_column_and_survives_hostile_text(lab: Lab, tmp_path: Path) -> None:
    done = export_to_csv(lab, tmp_path / "e.csv")
    with (tmp_path / "e.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert (done.images, done.format) == (2, "csv")
    assert done.size_bytes == (tmp_path / "e.csv").stat().st_size
    assert rows[0]["prompt"] == HOSTILE
    assert (rows[0]["seed"], rows[0]["rating"]) == (str(2**64 - 1), "9")
    assert json.loads(rows[0]["loras"]) == [{"name": "warm.safetensors", "strength": 0.5}]
    assert json.loads(rows[1]["variations"]) == {"place": "beach"}
    assert "document" not in rows[0]


def test_parquet_keeps_types_and_documents_when_asked_for(lab: Lab, tmp_path: Path) -> None:
    export(lab, tmp_path / "e.parquet", Wish(documents=True), tests="include")
    table = pq.read_table(tmp_path / "e.parquet")
    assert table.column("seed").to_pylist()[0] == 2**64 - 1
    assert table.num_rows == 3
    documents = [json.loads(text) for text in table.column("document").to_pylist()]
    assert [document["identity"]["iteration"] for document in documents] == [1, 2, 3]
    export_to_parquet(lab, tmp_path / "plain.parquet")
    assert "document" not in pq.read_table(tmp_path / "plain.parquet").column_names


def test_json_lines_nest_what_is_nested(lab: Lab, tmp_path: Path) -> None:
    export_to_jsonl(lab, tmp_path / "e.jsonl", min_rating=8)
    text = (tmp_path / "e.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    assert len(rows) == 1
    assert rows[0]["loras"] == [{"name": "warm.safetensors", "strength": 0.5}]
    assert (rows[0]["extra"], rows[0]["variations"]) == ({"mood": ["calm"]}, {})
    assert (rows[0]["prompt"], rows[0]["seed"]) == (HOSTILE, 2**64 - 1)
    assert "document" not in rows[0]
    export(lab, tmp_path / "whole.jsonl", Wish(documents=True), min_rating=8)
    whole = json.loads((tmp_path / "whole.jsonl").read_text(encoding="utf-8"))
    assert whole["document"]["schema"] == "darkroom/sidecar"


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
def test_nothing_selected_is_a_valid_file_without_rows(lab: Lab, tmp_path: Path, form: Any) -> None:
    done = export(lab, tmp_path / "none", Wish(form), prompt="nowhere")
    assert done.images == 0
    assert (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("name", "form"),
    [("a.parquet", "parquet"), ("a.JSONL", "jsonl"), ("a.ndjson", "jsonl"), ("a", "csv")],
)
def test_the_ending_names_the_form(name: str, form: str) -> None:
    assert form_of(name) == form


def test_an_ending_that_names_no_form_is_refused(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names no form: say --format csv"):
        export(lab, tmp_path / "images.xlsx")
    assert not (tmp_path / "images.xlsx").exists()
    assert form_of("dated.2026/images") == "csv"


def test_a_file_is_overwritten_only_on_demand(lab: Lab, tmp_path: Path) -> None:
    output = tmp_path / "e.csv"
    output.write_text("mine")
    with pytest.raises(UsageError, match="such a file already"):
        export(lab, output)
    assert output.read_text() == "mine"
    export(lab, output, Wish(overwrite=True))
    assert output.read_text().startswith('"image"')


def test_an_export_that_fails_leaves_nothing_behind(lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()

    def stop(_count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(lab, folder / "e.csv", Wish(advance=stop))
    with pytest.raises(UsageError, match="cannot be written"):
        export(lab, folder / "absent" / "e.csv")
    assert list(folder.iterdir()) == []


def into_store(lab: Lab, key: str, wish: Wish) -> Any:
    with opened_library(lab) as connection:
        return export_anywhere(lab, connection, select({}), f"store:{key}", wish)


def test_an_export_goes_to_the_store(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    done = into_store(lab, "exports/e.jsonl", Wish(advance=counted.append))
    text = (lab.store_root / "exports/e.jsonl").read_text(encoding="utf-8")
    assert (done.output, len(text.splitlines()), sum(counted)) == ("store:exports/e.jsonl", 2, 2)
    with pytest.raises(UsageError, match="has this key already"):
        into_store(lab, "exports/e.jsonl", Wish())
    monkeypatch.setattr("darkroom.archive.exporting.MAX_OBJECT_BYTES", 10)
    with pytest.raises(UsageError, match="a store takes 10 at once"):
        into_store(lab, "exports/e.jsonl", Wish(overwrite=True))


def test_an_export_to_a_path_by_its_text(lab: Lab, tmp_path: Path) -> None:
    with opened_library(lab) as connection:
        done = export_anywhere(lab, connection, select({}), str(tmp_path / "e.csv"), Wish())
    assert done.images == 2


def training(lab: Lab, folder: Path, **filters: Any) -> TrainingSet:
    with opened_library(lab) as connection:
        samples = samples_in(connection, select(filters))
    with opened_store(lab) as store:
        return write_training_set(store, samples, folder)


def test_a_training_set_is_images_with_captions_beside_them(lab: Lab, tmp_path: Path) -> None:
    done = training(lab, tmp_path / "set")
    assert (done.images, done.written, done.unverified, done.left_out) == (2, 2, 0, ())
    name = f"demo_{library.RUN}_iteration_001"
    assert (tmp_path / f"set/{name}.png").read_bytes() == library.content_of(key_of(1))
    assert (tmp_path / f"set/{name}.txt").read_text(encoding="utf-8") == HOSTILE
    listed = (tmp_path / "set/metadata.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(listed[0]) == {"file_name": f"{name}.png", "text": HOSTILE}
    assert training(lab, tmp_path / "set").written == 0


def test_an_image_that_is_not_what_its_sidecar_says_is_left_out(lab: Lab, tmp_path: Path) -> None:
    (lab.store_root / key_of(1)).write_bytes(b"other bytes")
    (lab.store_root / key_of(2)).unlink()
    done = training(lab, tmp_path / "set")
    assert done.images == 0
    reasons = {left.image: left.reason for left in done.left_out}
    assert "expected" in reasons[key_of(1)]
    assert "no such key" in reasons[key_of(2)]
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["metadata.jsonl"]


def old_bucket(home: Path) -> Lab:
    """Two images as the oldest sidecars tell of them, over many lines."""
    lab = library.lab_in(home)
    for number in (1, 2):
        key = f"bucket{number}/20260104_01103{number}_output.png"
        flat = {"timestamp": "2026-01-04T01:10:32", "prompt": "x", "seed": 1, "workflow": "w.json"}
        place = lab.store_root / key
        place.parent.mkdir()
        place.write_bytes(b"old")
        place.with_name(f"{place.name}.json").write_text(json.dumps(flat, indent=2))
    return lab


def test_a_sidecar_of_many_lines_is_one_line_of_an_export(tmp_path: Path) -> None:
    lab = old_bucket(tmp_path)
    export(lab, tmp_path / "e.jsonl", Wish(documents=True))
    lines = (tmp_path / "e.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["document"]["prompt"] for line in lines] == ["x", "x"]


def test_images_without_a_known_sha256_are_counted(tmp_path: Path) -> None:
    lab = old_bucket(tmp_path)
    done = training(lab, tmp_path / "set")
    assert (done.images, done.unverified, done.left_out) == (2, 2, ())


def test_pictures_of_one_name_do_not_take_each_others_place(tmp_path: Path) -> None:
    lab = library.lab_in(tmp_path)
    for bucket in ("a", "b"):
        place = lab.store_root / f"old/{bucket}/output.png"
        place.parent.mkdir(parents=True)
        place.write_bytes(bucket.encode())
        flat = {"timestamp": "2026-01-04T01:10:32", "prompt": bucket, "seed": 1}
        place.with_name("output.png.json").write_text(json.dumps(flat | {"workflow": "w.json"}))
    training(lab, tmp_path / "set")
    pictures = [path.read_bytes() for path in (tmp_path / "set").glob("*.png")]
    assert sorted(pictures) == [b"a", b"b"]


def test_a_training_set_needs_a_folder(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        training(lab, tmp_path / "file")
