"""`search`, `show`, `compare`, `rate` and their neighbours as a person or a script meets them."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from darkroom.adapters.settings import open_lab
from darkroom.apps import cli
from darkroom.apps.cli import search_table
from darkroom.apps.cli.search_table import Column, fitted, written
from tests.fakes import library
from tests.fakes.library import key_of, sidecar

Captured = pytest.CaptureFixture[str]
RUN = f"demo/{library.RUN}"
LONG = "a very long prompt of many words " * 10


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    library.settle(tmp_path, monkeypatch)
    library.lab_in(
        tmp_path,
        sidecar(1, quality=library.quality(8.0, "A")),
        sidecar(2, input={"prompt": LONG}, parameters={"cfg": 3.0}),
        sidecar(3),
        sidecar(1, run="2026-11-22_00-00-00", is_test=True),
    )
    return tmp_path


def asked(capsys: Captured, *arguments: str) -> Any:
    assert cli.main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def names(capsys: Captured, *filters: str) -> list[int]:
    return [row["iteration"] for row in asked(capsys, "search", "--sort", "image", *filters)]


def test_a_search_tells_its_images_and_how_many_more(capsys: Captured) -> None:
    assert cli.main(["search", "--sort", "-seed", "--limit", "2"]) == 0
    told = capsys.readouterr()
    assert [line.split()[0] for line in told.out.splitlines()] == ["image", f"{RUN}/3", f"{RUN}/2"]
    assert LONG.strip() in told.out
    assert "2 of 3 images" in told.err
    assert cli.main(["search", "--seed", "10000..20000", "--min-score", "0.7", "--limit", "0"]) == 0
    assert "1 images" in capsys.readouterr().err


def test_where_only_tests_would_match_it_says_so(capsys: Captured) -> None:
    assert cli.main(["search", "--run", "2026-11-22_00-00-00"]) == 0
    assert "0 images; 1 of tests would match: --tests include" in capsys.readouterr().err
    assert cli.main(["search", "--min-score", "80"]) == 0
    assert capsys.readouterr().err.rstrip().endswith("0 images; min_score goes from 0 to 1")
    assert cli.main(["search", "--run", "2026-11-23_00-00-00"]) == 0
    assert capsys.readouterr().err.rstrip().endswith("0 images")
    assert cli.main(["search", "--tests", "only", "--run", library.RUN]) == 0
    assert capsys.readouterr().err.rstrip().endswith("0 images")


def test_a_wrong_filter_is_a_usage_error(capsys: Captured) -> None:
    assert cli.main(["search", "--seed", "many", "--grade", "E"]) == 2
    error = capsys.readouterr().err
    assert "seed: 'many' is no number" in error
    assert "grade: 'E' is none of" in error


def test_runs_are_listed_with_their_flags(capsys: Captured) -> None:
    assert cli.main(["flag", RUN, "--failed", "--name", "first"]) == 0
    assert cli.main(["runs"]) == 0
    told = capsys.readouterr().out
    assert re.search(rf"{RUN}\s+first\s+3\s.*failed", told)
    assert [row["run_id"] for row in asked(capsys, "runs", "--test")] == ["2026-11-22_00-00-00"]


def test_what_is_said_is_searched_for(capsys: Captured) -> None:
    assert cli.main(["rate", f"{RUN}/1", "--rating", "8.5", "--perfect", "--ok"]) == 0
    assert cli.main(["fail", f"{RUN}/2", "--category", "off_prompt", "--notes", "blue"]) == 0
    assert cli.main(["like", f"{RUN}/1", f"{RUN}/3"]) == 0
    assert cli.main(["like", f"{RUN}/3", "--unlike"]) == 0
    assert cli.main(["note", f"{RUN}/3", "--text", "keep", "--extra", "mood=calm"]) == 0
    capsys.readouterr()
    assert names(capsys, "--min-rating", "8", "--technical-quality", "perfect") == [1]
    assert names(capsys, "--failure", "off_prompt", "--status", "ko", "--notes", "BLUE") == [2]
    assert names(capsys, "--liked") == [1]
    assert names(capsys, "--annotated") == [1, 2, 3]
    assert cli.main(["fail", f"{RUN}/2", "--clear"]) == 0
    assert cli.main(["rate", f"{RUN}/1", "--clear"]) == 0
    assert cli.main(["note", f"{RUN}/3", RUN, "--clear"]) == 0
    capsys.readouterr()
    assert names(capsys, "--status", "ko") == names(capsys, "--min-rating", "0") == []


def test_many_images_are_annotated_only_after_a_yes(capsys: Captured) -> None:
    assert cli.main(["delete", "--where-seed", "10002..10003"]) == 2
    told = capsys.readouterr()
    assert f"{RUN}/2" in told.out
    assert "2 images would be annotated" in told.err
    assert names(capsys) == [1, 2, 3]
    assert cli.main(["delete", "--where-seed", "10002..10003", "--yes"]) == 0
    capsys.readouterr()
    assert names(capsys) == [1]
    assert cli.main(["restore", "--where-seed", "10002", "--yes"]) == 0
    capsys.readouterr()
    assert names(capsys) == [1, 2]


def test_a_deleted_run_is_gone_and_comes_back(capsys: Captured) -> None:
    assert cli.main(["delete", RUN]) == 0
    capsys.readouterr()
    assert names(capsys) == []
    assert cli.main(["restore", RUN]) == 0
    capsys.readouterr()
    assert names(capsys) == [1, 2, 3]


def test_the_last_words_are_taken_back(capsys: Captured) -> None:
    cli.main(["rate", f"{RUN}/1", f"{RUN}/2", "--rating", "3"])
    cli.main(["rate", f"{RUN}/1", "--rating", "7"])
    assert cli.main(["undo"]) == 0
    again = re.search(r"--event (\w+)", capsys.readouterr().err)
    assert names(capsys, "--rating", "3") == [1, 2]
    assert again is not None
    assert cli.main(["undo", "--event", again[1]]) == 0
    assert cli.main(["undo", f"{RUN}/2"]) == 0
    capsys.readouterr()
    assert names(capsys, "--rating", "7") == [1]
    assert names(capsys, "--rating", "3") == []
    assert cli.main(["undo", "--list"]) == 0
    assert "undid: rating = (nothing)" in capsys.readouterr().out


def test_a_long_list_of_words_is_cut_and_the_warehouse_brought_up(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("darkroom.apps.cli.annotate_doing._PREVIEWED", 1)
    monkeypatch.setattr("darkroom.apps.cli.annotate_doing._SYNC_BEYOND", 1)
    assert cli.main(["like", f"{RUN}/1", f"{RUN}/2"]) == 0
    assert "... and 1 more" in capsys.readouterr().out
    (open_lab().home / ".darkroom/annotations.jsonl").unlink()
    assert names(capsys, "--liked") == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["rate", "--rating", "3"], "say which"),
        (["rate", f"{RUN}/1"], "say how good"),
        (["rate", f"{RUN}/1", "--rating", "11"], "less than or equal to 10"),
        (["rate", RUN, "--rating", "3"], "said of images"),
        (["rate", "x", "--where-prompt", "y", "--ok"], "not both"),
        (["fail", f"{RUN}/1"], "--category is one of"),
        (["fail", f"{RUN}/1", "--clear", "--notes", "x"], "neither"),
        (["note", f"{RUN}/1"], "say what"),
        (["note", f"{RUN}/1", "--extra", "mood"], "NAME=VALUE"),
        (["flag", RUN], "say which flag"),
        (["flag", f"{RUN}/1", "--test"], "said of runs"),
        (["undo", "x", "--event", "y"], "not both"),
        (["undo"], "nothing said"),
        (["rank", RUN, "1", "1", "9", "--note", "2=x"], "1 stands twice"),
        (["rank", RUN, "1", "--note", "best"], "ITERATION=TEXT"),
        (["show", "nothing"], "names no image"),
        (["export"], "say where to"),
        (["export", "--output", "x", "--format", "xls"], "--format is one of"),
    ],
)
def test_what_cannot_be_is_refused(capsys: Captured, arguments: list[str], told: str) -> None:
    assert cli.main(arguments) == 2
    assert told in capsys.readouterr().err


def test_further_values_are_json_where_they_can_be(capsys: Captured) -> None:
    extras = ["--extra", "set=[1, 2]", "--extra", "mood=calm", "--extra", "gone="]
    assert cli.main(["note", f"{RUN}/1", *extras]) == 0
    capsys.readouterr()
    told = asked(capsys, "show", f"{RUN}/1")
    assert json.loads(told["facts"]["extra"]) == {"set": [1, 2], "mood": "calm"}


def test_a_ranking_is_written_as_s2_reads_it() -> None:
    assert cli.main(["rank", library.RUN, "3", "1", "--note", "3=calm light"]) == 0
    place = open_lab().store_root / f"demo/working/{library.RUN}/human/ranking.json"
    document = json.loads(place.read_text())
    assert document["ranking"] == ["3", "1"]
    assert document["notes"] == {"3": "calm light"}
    assert document["updated_at"] > 1_700_000_000


def test_an_image_is_shown(capsys: Captured) -> None:
    cli.main(["rate", f"{RUN}/1", "--rating", "7"])
    capsys.readouterr()
    assert cli.main(["show", key_of(1)]) == 0
    told = capsys.readouterr().out
    for part in ("composite_score", "prompt:", "scores:", "niqe", "criteria:", "rating = 7"):
        assert part in told
    assert asked(capsys, "show", key_of(1))["document"]["version"] == 1


def test_a_run_is_shown(capsys: Captured) -> None:
    assert cli.main(["show", RUN]) == 0
    told = capsys.readouterr().out
    assert re.search(r"image_count\s+3", told)
    assert "images:" in told


def test_images_are_compared(capsys: Captured) -> None:
    assert cli.main(["compare", f"{RUN}/1", f"{RUN}/2", "--graph"]) == 0
    told = capsys.readouterr().out
    assert f"A: {RUN}/1" in told
    assert re.search(r"cfg\s+7\s+3\n", told)
    assert "only the words that not all have" in told
    assert cli.main(["compare", f"{RUN}/3", "demo/2026-11-22_00-00-00/1", f"{RUN}/2"]) == 0
    assert "C: " in capsys.readouterr().out
    assert asked(capsys, "compare", f"{RUN}/1", f"{RUN}/2")["images"] == [key_of(1), key_of(2)]


def test_stats_and_parameters(capsys: Captured) -> None:
    cli.main(["fail", f"{RUN}/2", "--category", "noise"])
    capsys.readouterr()
    assert cli.main(["stats"]) == 0
    told = capsys.readouterr().out
    assert re.search(r"image_count\s+3", told)
    assert re.search(r"noise\s+1\s+0\.333", told)
    assert cli.main(["parameters", "--all", "--outcome", "ok"]) == 0
    assert "no value of any parameter" in capsys.readouterr().err
    assert asked(capsys, "stats", "--grade", "A")["images"]["image_count"] == 1


def test_parameters_are_shown_with_their_intervals(home: Path, capsys: Captured) -> None:
    for number in range(8):
        sampler, score = ("heun", 8.0) if number % 2 else ("euler", 4.0)
        run = f"2026-12-0{number + 1}_00-00-00"
        made = sidecar(
            1,
            run=run,
            parameters={"sampler": sampler},
            quality=library.quality(score + number / 10),
        )
        library.keep(open_lab().store_root, made)
    assert cli.main(["parameters", "--min-images", "3", "--since", "2026-01-01"]) == 0
    told = capsys.readouterr()
    assert re.search(r"sampler\s+heun\s+4\s+4\s+8\.4\s+\+", told.out)
    assert "values stand out" in told.err
    found = asked(capsys, "parameters", "--min-images", "3", "--all")
    assert {row["parameter"] for row in found} >= {"sampler"}


def test_an_export_and_a_training_set(home: Path, capsys: Captured) -> None:
    assert cli.main(["export", "--output", str(home / "e.csv"), "--prompt", "red"]) == 0
    assert "2 images" in capsys.readouterr().out
    done = asked(capsys, "export", "--format", "jsonl", "--output", "store:exports/all")
    assert (done["images"], done["format"]) == (3, "jsonl")
    assert cli.main(["export", "--training-set", str(home / "set")]) == 0
    assert "3 images with captions" in capsys.readouterr().out
    (open_lab().store_root / key_of(1)).write_bytes(b"other")
    assert cli.main(["export", "--training-set", str(home / "other")]) == 4
    assert "left out" in capsys.readouterr().err


COLUMNS = (
    Column("image", "image"),
    Column("seed", "seed", rank=1),
    Column("model", "model", rank=2),
    Column("absent", "absent", rank=3),
    Column("prompt", "prompt", is_elastic=True),
)
ROW = {"image": "demo/1", "seed": 2**63, "model": "a-model-name", "prompt": "word " * 40}


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (120, ["image", "seed", "model", "prompt"]),
        (60, ["image", "seed", "prompt"]),
        (40, ["image", "prompt"]),
        (None, ["image", "seed", "model", "prompt"]),
    ],
)
def test_a_table_fits_its_terminal_and_is_whole_in_a_pipe(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch, width: int | None, titles: list[str]
) -> None:
    monkeypatch.setattr(search_table, "terminal_width", lambda: width)
    fitted(COLUMNS, [ROW])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == titles
    if width is None:
        assert "\u2026" not in lines[1]
    else:
        assert max(map(len, lines)) <= width
        assert lines[1].endswith("\u2026")


def test_the_width_of_a_real_terminal_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert search_table.terminal_width() is None
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.fileno", lambda: 1, raising=False)
    monkeypatch.setattr(os, "get_terminal_size", lambda _file: os.terminal_size((0, 0)))
    assert search_table.terminal_width() == 80
    monkeypatch.setattr(os, "get_terminal_size", lambda file: Path(f"/nowhere/{file}").stat())
    assert search_table.terminal_width() == 80


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (True, "yes"), (False, "no"), (0.5, "0.5"), (7.0, "7"), ("a\n b", "a b")],
)
def test_values_are_written_for_people(value: object, text: str) -> None:
    assert written(value) == text
