"""`darkroom score`, as a person types it: files, folders, store keys, and what is bad."""

import json
from pathlib import Path
from typing import Any

import pytest

from darkroom.apps import cli
from tests.fakes.scored_by_table import Bench
from tests.fakes.stored_images import commit, png

GOOD = {"lite_technical": 0.9, "lite_detail": 0.7, "shapeworld_adherence": 0.5}


@pytest.fixture(autouse=True)
def _good(bench: Bench) -> None:
    bench.values = dict(GOOD)


def rows(
    capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0
) -> list[dict[str, Any]]:
    assert cli.main(["score", "--json", *arguments]) == code
    return json.loads(capsys.readouterr().out)


def test_a_file_gets_composite_grade_and_every_score(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "a.png").write_bytes(png(1))
    (row,) = rows(capsys, "a.png", "--prompt", "a red circle")
    assert row["composite_score"] == pytest.approx((0.3 * 9 + 0.25 * 5 + 0.2 * 7) / 0.75)
    assert (row["grade"], row["is_provisional"], row["coverage"]) == ("B", False, 0.75)
    technical = next(each for each in row["scores"] if each["metric"] == "lite_technical")
    assert (technical["raw"], technical["normalised"], technical["tier"]) == (0.9, 9.0, "lite")
    assert technical["calibration"] == "plain"
    assert row["dimensions"]["aesthetic"] is None


def test_a_folder_is_all_its_images_and_the_prompt_lies_beside_each(
    home: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    key = commit(home / "elsewhere", 3, prompt="a blue square")
    (home / "elsewhere" / "notes.txt").write_text("no image")
    found = rows(capsys, "elsewhere")
    assert [row["image"] for row in found] == [f"elsewhere/{key}"]
    assert bench.asked[0][1] == "a blue square"


def test_what_is_bad_does_not_stop_the_rest(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "a.png").write_bytes(png(1))
    (home / "bad.png").write_bytes(b"no image at all")
    (home / "b.png").write_bytes(png(2))
    (home / "empty").mkdir()
    found = rows(capsys, "a.png", "bad.png", "gone.png", "no such thing", "empty", "b.png", code=4)
    assert [row["composite_score"] is None for row in found] == [
        False,
        True,
        True,
        True,
        True,
        False,
    ]
    assert all(row["reason"] for row in found[1:5])


def test_a_store_key_and_a_folder_of_the_store(
    home: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = (commit(home / "projects", number) for number in (1, 2))
    assert [row["image"] for row in rows(capsys, first)] == [first]
    assert [row["image"] for row in rows(capsys, "generated/working/")] == [first, second]
    assert bench.asked[0][1] == "a chair"
    assert not list((home / "projects").rglob("scores"))


def test_an_image_in_the_store_that_was_changed_is_no_longer_scored(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = commit(home / "projects", 1)
    (home / "projects" / key).write_bytes(png(99))
    (row,) = rows(capsys, key, code=4)
    assert "store-content-differs" in row["reason"]


def test_an_image_in_the_store_without_a_sidecar_says_so(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = commit(home / "projects", 1)
    (home / "projects" / f"{key}.json").unlink()
    (row,) = rows(capsys, key, code=4)
    assert "scores-without-sidecar" in row["reason"]


def test_the_table_names_strong_faults_and_marks_provisional_grades(
    home: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.values = {"lite_technical": 0.4, "noise": 0.8, "soft": 0.1}
    (home / "a.png").write_bytes(png(1))
    assert cli.main(["score", "a.png"]) == 0
    said = capsys.readouterr()
    assert "noise" in said.out
    assert "soft" not in said.out
    assert "D?" in said.out
    assert "provisional" in said.err


def test_a_tier_without_weights_says_what_is_missing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "a.png").write_bytes(png(1))
    assert cli.main(["score", "a.png", "--tier", "onnx"]) == 2
    assert "scores-tier-unusable" in capsys.readouterr().err


def test_what_one_metric_lacks_leaves_the_others(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "a.png").write_bytes(png(1))
    assert cli.main(["score", "a.png", "--tier", "torch"]) == 4
    assert "brisque is left out" in capsys.readouterr().err


def test_a_damaged_sidecar_beside_a_file_costs_only_its_prompt(
    home: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "a.png").write_bytes(png(1))
    (home / "a.png.json").write_text("{")
    assert rows(capsys, "a.png")[0]["composite_score"] is not None
    assert bench.asked[0][1] is None
