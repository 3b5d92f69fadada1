"""The flows refine and rescore under a real Prefect: ends, retries, and the parameter forms."""

from pathlib import Path
from typing import Any

import pytest

from darkroom.core.errors import StoreUnavailable
from darkroom.core.scoring.refinement import seed_of
from darkroom.generating.params import RefineOptions
from darkroom.scoring.rescoring import Rescoring
from flows.refine import refine
from flows.rescore import rescore
from tests.fakes.comfy_server import ComfyServer
from tests.fakes.scored_by_table import Bench, install
from tests.fakes.stored_documents import sidecars
from tests.fakes.stored_images import commit
from tests.fakes.workflows import FOLDER

pytestmark = pytest.mark.slow
WORKFLOW = str(FOLDER / "api" / "sd15_txt2img.json")
VALUES = {"lite_technical": 0.9, "lite_detail": 0.9, "shapeworld_adherence": 0.9}


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = install(monkeypatch)
    made.values = dict(VALUES)
    return made


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefect_server: None) -> Path:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    return tmp_path


def test_a_series_under_prefect_ends_with_the_best_image(
    home: Path, comfy: ComfyServer, scored: Bench
) -> None:
    options = RefineOptions(workflow=WORKFLOW, threshold=7, seed=4, validate_prompt=True)
    result = refine(prompt="a chair", options=options)
    assert (result.status, result.best) == ("success", 1)
    (sidecar,) = sidecars(home)
    assert sidecar["refinement"]["status"] == "success"


def test_a_series_without_a_seed_takes_one_from_the_flow_run(
    home: Path, comfy: ComfyServer, scored: Bench
) -> None:
    options = RefineOptions(workflow=WORKFLOW, threshold=10, max_attempts=2)
    state = refine(prompt="a chair", options=options, return_state=True)
    result = state.result()
    assert result.status == "best_effort"
    assert result.seed == seed_of(str(state.state_details.flow_run_id))
    assert len(sidecars(home)) == 2


def test_images_that_lack_scores_get_them_and_a_store_that_comes_back_is_tried_again(
    home: Path, scored: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 4):
        commit(home / "projects", number)
    real, calls = Rescoring.score, []

    def score(self: Rescoring, *arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise StoreUnavailable("store-unavailable", "not yet")
        return real(self, *arguments)

    monkeypatch.setattr(Rescoring, "score", score)
    monkeypatch.setattr("flows.rescore.score_group.retry_delay_seconds", 0)
    report = rescore()
    assert (report.images, report.scored) == (3, 3)
    assert len(list(home.rglob("scores/*.json"))) == 3


@pytest.mark.parametrize("flow", [refine, rescore], ids=lambda each: each.name)
def test_the_parameters_make_a_form_with_words(flow: Any) -> None:
    schema = flow.parameters.model_dump()
    for form in schema["definitions"].values():
        assert form["description"]
        assert all(field.get("description") for field in form["properties"].values())
