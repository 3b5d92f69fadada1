"""A ComfyUI that is updated between two runs of an experiment, or in the middle of one."""

import pytest

from darkroom.apps.cli.experiment_screen import show_report
from darkroom.core.errors import StoreUnavailable
from darkroom.core.experiments.deciding import Draw
from darkroom.experiments.planning import plan
from darkroom.experiments.running import Work
from darkroom.experiments.standing import standing
from darkroom.writepath import commit
from tests.experiments.lab_scenes import GRID, Lab
from tests.experiments.test_experiment_refining import SEARCHED, rated

__all__ = ["rated"]

OLD, NEW = "comfyui/0.33.0", "comfyui/0.99.0"
MORE = GRID.replace("[11, 22]", "[11, 22, 33]")


def update(lab: Lab) -> None:
    lab.server.stats["system"]["comfyui_version"] = "0.99.0"


def begin(images: int) -> None:
    """A run that is stopped after so many."""
    with Work("demo/first") as work:
        step = work.decide()
        assert isinstance(step, Draw)
        work.carry_out(Draw(step.entries[:images]))


def test_an_update_redraws_nothing_and_the_report_says_which_cells_mix_versions(lab: Lab):
    begin(5)
    update(lab)
    told = plan("demo/first")
    assert (told.there, told.to_draw, told.mixed, told.engines) == (5, 3, 3, {OLD: 5})
    (said,) = [text for text in told.warnings if "0.99.0" in text]
    assert said.startswith(f"5 images by {OLD} are there, and the servers have {NEW}")
    assert "3 of 4 cells will mix versions" in said
    report = lab.run()
    assert (report.drawn, report.found, lab.drawn) == (3, 5, 8)
    assert (report.engines, report.mixed) == ({OLD: 5, NEW: 3}, 3)
    assert report.on_versions is not None
    assert "3 of 4 cells mix them" in report.on_versions
    assert sorted(len(line.engines) for line in report.cells) == [1, 2, 2, 2]
    assert standing("demo/first").report.engines == report.engines


def test_one_version_is_not_worth_a_word(lab: Lab):
    begin(5)
    assert plan("demo/first").warnings == ()
    report = lab.run()
    assert (report.engines, report.mixed, report.on_versions) == ({OLD: 8}, 0, None)


def test_cells_of_one_version_each_are_told_as_well(lab: Lab):
    lab.write(GRID.replace("[2.0, 9.0]", "[2.0]"))
    lab.run()
    update(lab)
    lab.write(GRID)
    report = lab.run()
    assert (report.drawn, report.mixed) == (4, 0)
    assert report.on_versions is not None
    assert "cells differ by them" in report.on_versions


def test_current_versions_are_asked_for_and_the_rest_is_drawn_anew(lab: Lab):
    lab.write(f"{GRID}versions: current\n")
    lab.run()
    assert lab.run().drawn == 0
    update(lab)
    told = plan("demo/first")
    assert (told.there, told.to_draw, told.outdated) == (0, 8, 8)
    assert [each.missing for each in told.cells] == [2] * 4
    assert any("they are drawn anew" in text for text in told.warnings)
    report = lab.run()
    assert (report.drawn, report.engines, lab.drawn) == (8, {NEW: 8}, 16)
    assert (lab.run().drawn, lab.run().run_id) == (0, None)
    assert standing("demo/first").report.engines == {NEW: 8}


def test_without_a_judge_the_image_drawn_anew_counts_as_well(lab: Lab):
    lab.write(f"{GRID}versions: current\njudge: none\n")
    lab.run()
    update(lab)
    assert lab.run().engines == {NEW: 8}
    assert lab.run().drawn == 0


def test_a_run_that_is_open_is_not_gone_on_with_where_its_places_are_taken(lab: Lab):
    lab.write(f"{GRID}versions: current\n")
    begin(5)
    update(lab)
    report = lab.run()
    assert (report.status, report.drawn, report.failures) == ("complete", 8, ())
    assert report.engines == {NEW: 8}


def test_a_server_that_is_away_has_its_version_still(lab: Lab):
    file = lab.home / "darkroom.yaml"
    several = f"{GRID}versions: current\nhosts: [studio, attic]\n"
    lab.write(f"{GRID}versions: current\n")
    lab.run()
    text = file.read_text()
    file.write_text(text.replace(lab.url, "http://127.0.0.1:9") + f"  attic: {{url: {lab.url}}}\n")
    (lab.home / "projects/demo/experiments/first.yaml").write_text(several)
    update(lab)
    assert plan("demo/first").outdated == 0


def test_attempts_of_a_series_that_an_update_cut_are_found(rated: Lab):
    rated.write(SEARCHED + "budget: {images: 4}\n")
    assert rated.run().drawn == 4
    update(rated)
    rated.write(SEARCHED)
    report = rated.run()
    assert (report.status, report.images, rated.drawn) == ("complete", 4, 12)
    blocks = [each["refinement"] for each in rated.sidecars()]
    assert [len(block["previous_scores"]) for block in blocks] == [0, 1, 2] * 4
    assert all(None not in block["previous_scores"] for block in blocks)


def test_images_that_a_crash_left_without_a_sidecar_are_used_after_an_update(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
):
    def breaks(*_: object) -> None:
        raise StoreUnavailable("store-unavailable", "not now")

    with monkeypatch.context() as patch:
        patch.setattr(commit, "_put_sidecar", breaks)
        with pytest.raises(StoreUnavailable):
            lab.run()
    left = lab.drawn
    assert left
    update(lab)
    report = lab.run()
    assert (report.status, lab.drawn) == ("complete", 8)
    assert report.engines[OLD] == left


def test_the_screen_says_so_below_the_cells(lab: Lab, capsys: pytest.CaptureFixture[str]):
    begin(5)
    update(lab)
    report = lab.run()
    capsys.readouterr()
    show_report(report, 0)
    assert f"note: versions differ: 5 by {OLD}, 3 by {NEW} images" in capsys.readouterr().err
