"""`darkroom experiment grid` on an experiment that was carried out, and what is told of it."""

import json
import re
from pathlib import Path

import pytest

from darkroom.adapters.settings import open_lab
from darkroom.apps.cli import main
from darkroom.core.errors import UsageError
from darkroom.core.experiments.gridding import arrange
from darkroom.experiments.grid import GridOptions, make_grid
from darkroom.experiments.grid_gather import gather, gathered_of
from darkroom.experiments.grid_report import markdown, store_sheet
from darkroom.experiments.standing import standing
from darkroom.writepath.opening import opened_desk
from tests.core.experiments.declared import experiment
from tests.experiments.grid_scenes import cell, drawn, gathered, lost
from tests.experiments.lab_scenes import GRID, Lab, failing_where

CONSTRAINED = GRID + "constraints: ['cfg * steps < 100']\n"


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["experiment", "grid", *words]) == code
    captured = capsys.readouterr()
    return captured.out if code == 0 else captured.err


def test_the_page_of_a_run_lies_with_the_project_and_shows_its_images(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.run()
    told = said(capsys, "demo/first")
    file = lab.home / "projects/demo/output/experiments/first/grid.html"
    assert str(file) in told
    assert "4 cells · 8 images" in told
    sources = re.findall(r'<img loading="lazy" [^>]*src="([^"]+)"', file.read_text())
    assert len(sources) == 4
    assert all((file.parent / source).resolve().is_file() for source in sources)


def test_axes_seed_and_folder_are_chosen_by_flags(
    lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.run()
    told = said(
        capsys,
        "demo/first",
        "--x",
        "steps",
        "--seed",
        "2",
        "--output",
        str(tmp_path / "o"),
        "--json",
    )
    made = json.loads(told)
    assert (made["cells"], made["images"], made["unreadable"]) == (4, 8, 0)
    text = Path(made["files"][0]).read_text()
    assert "cfg ↓ steps →" in text
    assert '<option value="22" selected>' in text


def test_a_sheet_replaces_the_pages_of_a_longer_one(
    lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.run()
    (tmp_path / "grid_02.png").write_bytes(b"an earlier one")
    (tmp_path / "grid_notes.png").write_bytes(b"somebody's")
    said(capsys, "demo/first", "--format", "png", "--output", str(tmp_path))
    assert sorted(file.name for file in tmp_path.glob("*.png")) == ["grid_01.png", "grid_notes.png"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("demo/first", "--x", "cgf"), "did you mean 'cfg'"),
        (("demo/first", "--seed", "9"), "none of the seeds 11, 22"),
        (("demo/other",), "no experiment 'other'"),
    ],
)
def test_what_cannot_be_shown_is_a_mistake(
    lab: Lab, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], expected: str
) -> None:
    lab.run()
    assert expected in said(capsys, *words, code=2)


def test_an_experiment_that_never_ran_has_no_grid(lab: Lab) -> None:
    with pytest.raises(UsageError, match="no run yet"):
        make_grid("demo/first", GridOptions())


def test_a_folder_that_cannot_be_written_is_said(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.run()
    (lab.home / "file").write_text("no folder")
    assert "grid-write" in said(capsys, "demo/first", "--output", str(lab.home / "file"), code=3)


def test_an_image_that_is_damaged_is_counted_and_its_place_says_so(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.run()
    for file in lab.home.glob("projects/demo/working/*/images/iteration_*.png"):
        file.write_bytes(b"broken")
    assert main(["experiment", "grid", "demo/first", "--format", "png"]) == 0
    assert "4 images cannot be read" in capsys.readouterr().err


def test_a_combination_that_a_condition_rules_out_names_it(lab: Lab) -> None:
    lab.write(CONSTRAINED)
    lab.run()
    grid = arrange(gather("demo/first"))
    reasons = {tuple(slot.labels.items()): slot.reason for slot in grid.slots}
    assert reasons[("cfg", 9.0), ("steps", 20)] == "does not meet: cfg * steps < 100"
    assert reasons[("cfg", 9.0), ("steps", 4)] == ""


def test_a_failure_is_shown_with_its_cause(lab: Lab) -> None:
    lab.server.work = failing_where(9.0)
    lab.run()
    states = {slot.labels["cfg"]: slot for slot in arrange(gather("demo/first")).slots}
    assert states[9.0].state == "failed"
    assert "it broke" in states[9.0].reason
    assert states[2.0].state == "drawn"


def test_values_stand_as_the_file_has_them_and_without_it_as_they_come(lab: Lab) -> None:
    prompts = "prompts: {long: 'a {colour=red|blue} cat', short: a dog}\n"
    lab.write("axes: {steps: [20, 4], cfg: [9.0, 2.0]}\nseeds: [11]\n" + prompts)
    lab.run()
    assert gather("demo/first").axes == {
        "prompt": ("long", "short"),
        "colour": ("red", "blue"),
        "steps": (20, 4),
        "cfg": (9.0, 2.0),
    }
    (lab.home / "projects/demo/experiments/first.yaml").unlink()
    bare = gather("demo/first")
    assert (bare.axes, len(bare.cells)) == ({}, 12)
    assert bare.excluded({"cfg": 1.0}) is None


def test_a_condition_on_a_choice_that_a_prompt_lacks_rules_nothing_out() -> None:
    declared = experiment(
        "axes: {cfg: [1.0, 2.0]}\nprompts: ['a {c=red|blue} cat', a dog]\n"
        "constraints: [\"c == 'red'\", 'cfg < 2']\n"
    )
    told = gathered_of("demo/first", ((cell(cfg=1.0),), ()), (11,), 10.0, declared)
    assert told.excluded({"cfg": 1.0}) is None
    assert told.excluded({"cfg": 2.0}) == "does not meet: cfg < 2"
    assert told.excluded({"cfg": 1.0, "c": "blue"}) == "does not meet: c == 'red'"


def test_a_run_that_ended_early_says_so_in_its_empty_places() -> None:
    told = gathered_of("demo/first", ((cell(cfg=1),), ()), (11,), 10.0, None, "the run ended")
    assert next(iter(arrange(told).slots)).reason == "the run ended"


def test_the_report_ranks_the_cells_and_escapes_what_they_hold() -> None:
    cells = (cell(prompt="a|b <i>", cfg=1), cell(prompt="plain", cfg=2), cell(prompt="dear", cfg=3))
    results = (
        drawn(cells[0], 11, 0, 4.0, seconds=1.0),
        drawn(cells[1], 11, 1, 8.0, seconds=2.0),
        drawn(cells[1], 22, 2, 9.0, seconds=2.0),
        lost(cells[2], 11, "out of memory"),
    )
    text = markdown(gathered(cells, results))
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert rows[0].startswith("| prompt | cfg | n | score | 95 % interval |")
    assert rows[2].startswith("| plain | 2 | 2 | 8.50 | ")
    assert "| a\\|b \\<i\\> | 1 | 1 | 4.00 |  | 0 of 1 passed | 1.00 s |" in rows[3]
    assert rows[4].endswith("| failed: out of memory |")
    assert text.count("| plain |") == 2
    assert "more cells" not in text
    assert "... and 2 more cells." in markdown(gathered(cells, results), most=1)


def test_the_sheet_is_kept_once_beside_the_run(lab: Lab) -> None:
    lab.run()
    stands = standing("demo/first")
    with opened_desk(open_lab()) as desk:
        told = gather("demo/first")
        key = store_sheet(told, stands.run.keys, desk.store)
        assert key.startswith(f"{stands.run.keys.root}/grid/")
        assert desk.store.get(key).startswith(b"\x89PNG")
        assert store_sheet(told, stands.run.keys, desk.store) == key
    assert lab.run().status == "complete"
