"""The flow generate under a real Prefect: the command's images, seeds that stay, a table."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from darkroom.core.errors import JobFailed, UsageError
from darkroom.core.scoring.refinement import seed_of
from darkroom.generating.ordering import GenerateOptions, GenerateParams, order
from flows.generate import generate
from tests.fakes.comfy_server import ComfyServer, end_badly
from tests.fakes.stored_documents import sidecars
from tests.fakes.workflows import FOLDER
from tests.flows.shown_artifacts import shown

WORKFLOW = str(FOLDER / "api" / "sd15_txt2img.json")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    return tmp_path


def test_everything_in_the_form_reaches_the_graph(comfy: ComfyServer, home: Path) -> None:
    options = GenerateOptions(
        negative="blur",
        seed=2**64 - 1,
        steps=9,
        cfg=3.5,
        sampler="euler",
        scheduler="karras",
        workflow=WORKFLOW,
        is_test=True,
    )
    report = order(options.of(None, "a red chair", 2), lambda: 5)
    assert [one.seed for one in report.images] == [2**64 - 1, 0]
    first, second = sidecars(home)
    told = first["parameters"]
    assert (told["seed"], told["steps"], told["cfg"]) == (2**64 - 1, 9, 3.5)
    assert first["input"]["prompt"] == "a red chair"
    assert first["input"]["negative_prompt"] == "blur"
    assert first["is_test"]
    assert report.images[1].key == second["identity"]["key"]


def test_what_is_there_is_found_unless_it_is_wanted_fresh(comfy: ComfyServer, home: Path) -> None:
    for fresh, posts in ((False, 1), (False, 1), (True, 2)):
        options = GenerateOptions(workflow=WORKFLOW, seed=3, fresh=fresh)
        (made,) = order(options.of(None, "a chair", 1), lambda: 5).images
        assert len(comfy.posts) == posts
    assert made.is_fresh


def test_a_mistake_is_raised_and_nothing_is_drawn(comfy: ComfyServer, home: Path) -> None:
    with pytest.raises(UsageError):
        order(GenerateParams(workflow="no-such.json"), lambda: 5)
    assert comfy.posts == []


@pytest.mark.parametrize("wrong", [{"count": 0}, {"seed": -2}, {"project": "../x"}, {"bad": 1}])
def test_what_the_form_does_not_take_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GenerateParams.model_validate(wrong)


@pytest.mark.slow
def test_a_flow_run_draws_seeds_of_its_own_and_leaves_a_table(
    comfy: ComfyServer, home: Path, prefect_server: None
) -> None:
    options = GenerateOptions(workflow=WORKFLOW)
    state = generate(None, "a chair", 2, options, return_state=True)
    report = state.result()
    seed = seed_of(str(state.state_details.flow_run_id))
    assert [one.seed for one in report.images] == [seed, seed + 1]
    assert [one["parameters"]["seed"] for one in sidecars(home)] == [seed, seed + 1]
    assert any(f"{seed}" in one and "iteration_001" in one for one in shown("generated-").values())
    assert (home / ".darkroom").is_dir()


@pytest.mark.slow
def test_one_that_fails_is_said_once_all_others_are_there(
    comfy: ComfyServer, home: Path, prefect_server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, begun = comfy.work, []

    def failing(server: ComfyServer, job: Any) -> None:
        begun.append(job)
        if len(begun) == 1:
            facts = {"exception_type": "ValueError", "exception_message": "no such shape"}
            end_badly(server, job, "execution_error", node_id="3", node_type="KSampler", **facts)
        else:
            real(server, job)

    comfy.work = failing
    with pytest.raises(JobFailed, match="1 of 3 images failed"):
        generate(None, "a chair", 3, GenerateOptions(workflow=WORKFLOW, seed=4))
    assert len(sidecars(home)) == 2
