"""`darkroom rescore`: what lacks a metric is measured and appended, and only that."""

import json
from pathlib import Path
from typing import Any

import pytest

from darkroom.adapters.project_creation import create_project
from darkroom.adapters.settings import open_lab
from darkroom.adapters.stores.folder import FolderStore
from darkroom.apps import cli
from darkroom.core.errors import StoreUnavailable
from darkroom.scoring.rescoring import RescoreParams, RescoreReport, rescore
from tests.fakes.scored_by_table import Bench
from tests.fakes.stored_images import commit, png

GOOD = {
    "lite_technical": 0.9,
    "lite_detail": 0.7,
    "shapeworld_adherence": 0.5,
    "jagged_edges": 0.0,
    "jpeg_blocks": 0.0,
    "noise": 0.0,
    "clipped_highlights": 0.0,
    "soft": 0.0,
    "edge_density": 0.1,
}


@pytest.fixture(autouse=True)
def _good(bench: Bench) -> None:
    bench.values = dict(GOOD)


def documents(home: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(home.rglob("scores/*.json"))]


def test_what_lacks_scores_gets_a_document_and_its_sidecar_stays(home: Path) -> None:
    key = commit(home / "projects", 1)
    sidecar = (home / "projects" / f"{key}.json").read_bytes()
    report = rescore(RescoreParams())
    assert (report.images, report.scored, report.complete) == (1, 1, 0)
    (found,) = documents(home)
    assert (found["image"], found["grade"]) == (key, "B")
    assert {score["metric"] for score in found["scores"]} == set(GOOD)
    assert (home / "projects" / f"{key}.json").read_bytes() == sidecar


def test_a_second_time_nothing_is_measured_nor_written(home: Path, bench: Bench) -> None:
    commit(home / "projects", 1)
    rescore(RescoreParams())
    asked = len(bench.asked)
    report = rescore(RescoreParams())
    assert (report.complete, report.scored) == (1, 0)
    assert len(bench.asked) == asked
    assert len(documents(home)) == 1


def test_of_a_complete_image_only_its_newest_document_is_read(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(home / "projects", 1)
    rescore(RescoreParams(metrics=["noise"]))
    rescore(RescoreParams())
    read: list[str] = []
    real = FolderStore.get
    monkeypatch.setattr(FolderStore, "get", lambda self, key: read.append(key) or real(self, key))
    rescore(RescoreParams())
    newest = max(path.name for path in home.rglob("scores/*.json"))
    assert [key.rpartition("/")[2] for key in read] == [newest]


def test_a_metric_that_is_new_is_added_and_the_document_says_all(home: Path) -> None:
    commit(home / "projects", 1)
    rescore(RescoreParams(metrics=["lite_technical"]))
    report = rescore(RescoreParams())
    assert report.scored == 1
    first, second = documents(home)
    assert len(first["scores"]) == 1
    assert len(second["scores"]) == len(GOOD)
    assert (first["coverage"], second["coverage"]) == (0.3, 0.75)


def test_a_stopped_one_goes_on_where_it_was(home: Path, bench: Bench) -> None:
    for number in range(1, 6):
        commit(home / "projects", number)

    def stops(spec: Any, image: Any) -> float:
        if len(bench.measured) > 3:
            raise KeyboardInterrupt
        return GOOD[spec.name]

    bench.raw = stops
    with pytest.raises(KeyboardInterrupt):
        rescore(RescoreParams())
    assert len(documents(home)) == 3
    bench.raw = lambda spec, _image: GOOD[spec.name]
    report = rescore(RescoreParams())
    assert (report.complete, report.scored) == (3, 2)
    assert len(documents(home)) == 5


def test_what_cannot_be_measured_is_said_once_and_asked_again_without_a_new_document(
    home: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    commit(home / "projects", 1)
    bench.values.pop("noise")
    rescore(RescoreParams())
    report = rescore(RescoreParams())
    assert (report.unscorable, report.scored) == (1, 0)
    assert report.reasons == {"not in the table": 1}
    assert cli.main(["rescore"]) == 0
    assert "1 not measurable: not in the table" in capsys.readouterr().err
    assert len(documents(home)) == 1
    bench.values["noise"] = 0.2
    assert rescore(RescoreParams()).scored == 1


def test_an_image_too_small_is_not_asked_again(home: Path, bench: Bench) -> None:
    commit(home / "projects", 1, side=64)
    bench.values = {"shapeworld_adherence": 0.5}
    rescore(RescoreParams())
    asked = len(bench.asked)
    assert rescore(RescoreParams()).complete == 1
    assert len(bench.asked) == asked


def test_bad_images_are_reported_and_stop_no_other(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = [commit(home / "projects", number) for number in (1, 2, 3)]
    (home / "projects" / keys[0]).write_bytes(png(77))
    (home / "projects" / f"{keys[1]}.json").write_text("{")
    assert cli.main(["rescore"]) == 4
    said = capsys.readouterr()
    assert keys[0] in said.err
    assert keys[1] in said.err
    assert len(documents(home)) == 1


def test_a_damaged_document_is_passed_over_and_scored_again(home: Path) -> None:
    commit(home / "projects", 1)
    rescore(RescoreParams())
    (path,) = home.rglob("scores/*.json")
    path.write_text("{")
    assert rescore(RescoreParams()).scored == 1


def test_scores_in_the_sidecar_count(home: Path, bench: Bench) -> None:
    key = commit(home / "projects", 1)
    rescore(RescoreParams())
    (path,) = home.rglob("scores/*.json")
    found = json.loads(path.read_text())
    path.unlink()
    sidecar = home / "projects" / f"{key}.json"
    told = json.loads(sidecar.read_text())
    blocks: dict[str, dict[str, float]] = {
        name: {} for name in ("technical", "aesthetic", "prompt_adherence", "detail")
    }
    for score in found["scores"]:
        blocks[score["dimension"]][score["metric"]] = score["normalised"]
    told["quality"] = {"scores": found["scores"], **blocks}
    sidecar.write_text(json.dumps(told))
    asked = len(bench.asked)
    assert rescore(RescoreParams()).complete == 1
    assert len(bench.asked) == asked


def test_one_project_is_scored_and_the_others_are_not(home: Path) -> None:
    create_project(open_lab(), "first", "demo")
    commit(home / "projects", 1, "first")
    commit(home / "projects", 2)
    report = rescore(RescoreParams(project="first"))
    assert isinstance(report, RescoreReport)
    assert (report.images, report.scored) == (1, 1)
    assert rescore(RescoreParams()).scored == 1


def test_the_command_tells_what_it_did(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(home / "projects", 1)
    assert cli.main(["rescore", "--metric", "noise", "--metric", "soft"]) == 0
    assert "scored now" in capsys.readouterr().out
    assert {score["metric"] for score in documents(home)[0]["scores"]} == {"noise", "soft"}


def test_an_unknown_metric_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rescore", "--metric", "beauty"]) == 2
    assert "scores-metric-unknown" in capsys.readouterr().err


@pytest.mark.parametrize("ending", [".png", ".png.json"])
@pytest.mark.parametrize("command", [["rescore"], ["score", "generated/working"]])
def test_a_store_that_is_away_is_no_fault_of_the_images(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    ending: str,
) -> None:
    commit(home / "projects", 1)
    real = FolderStore.get

    def away(self: FolderStore, key: str) -> bytes:
        if key.endswith(ending):
            raise StoreUnavailable("store-unavailable", "not now")
        return real(self, key)

    monkeypatch.setattr(FolderStore, "get", away)
    assert cli.main(command) == 3
    assert "not now" in capsys.readouterr().err
