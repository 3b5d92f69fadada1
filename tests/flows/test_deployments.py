"""prefect.yaml declares what exists: every entrypoint is a flow that takes what it is given."""

import importlib
from pathlib import Path
from typing import Any

import pytest
from prefect import Flow

from flows.deploying import Listed, listed
from flows.sync import sync
from tests.fakes.stored_images import commit

DEPLOYMENTS = listed()
WANTED = {
    "generate",
    "iterate",
    "refine",
    "experiment",
    "sync",
    "embed",
    "rescore",
    "patterns",
    "reconcile",
    "verify",
    "query",
}
LIGHT = ["sync", "query", "patterns", "rescore", "embed", "verify", "reconcile"]
SCHEDULES = [
    pytest.param(each, schedule, id=f"{each.title}/{schedule['slug']}")
    for each in DEPLOYMENTS
    for schedule in each.content.get("schedules", ())
]


def flow_of(each: Listed) -> Flow[..., Any]:
    module, _, name = each.entrypoint.rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_everything_that_can_be_scheduled_is_deployed() -> None:
    assert {each.flow for each in DEPLOYMENTS} == WANTED


@pytest.mark.parametrize("each", DEPLOYMENTS, ids=lambda each: each.title)
def test_every_entrypoint_is_a_flow_named_by_its_module(each: Listed) -> None:
    assert ":" not in each.entrypoint
    flow = flow_of(each)
    assert isinstance(flow, Flow)
    assert flow.name == each.flow


@pytest.mark.parametrize("each", DEPLOYMENTS, ids=lambda each: each.title)
def test_the_flow_takes_the_parameters_of_its_deployment(each: Listed) -> None:
    assert flow_of(each).validate_parameters(each.content.get("parameters", {})) is not None


@pytest.mark.parametrize(("each", "schedule"), SCHEDULES)
def test_the_flow_takes_the_parameters_of_every_schedule(
    each: Listed, schedule: dict[str, Any]
) -> None:
    given = each.content.get("parameters", {}) | schedule.get("parameters", {})
    assert flow_of(each).validate_parameters(given) is not None


def test_what_spends_gpu_time_by_night_waits_to_be_switched_on() -> None:
    active = {each.flow for each, schedule in (p.values for p in SCHEDULES) if schedule["active"]}
    assert active == {"sync", "reconcile"}


@pytest.mark.parametrize("each", DEPLOYMENTS, ids=lambda each: each.title)
def test_every_form_says_of_every_field_what_it_is(each: Listed) -> None:
    schema = flow_of(each).parameters.model_dump()
    for name, field in schema["properties"].items():
        assert field.get("description") or "$ref" in field, name
    for title, form in schema["definitions"].items():
        assert form.get("description"), title
        for name, field in form.get("properties", {}).items():
            assert field.get("description"), f"{title}.{name}"


@pytest.mark.parametrize("name", LIGHT)
def test_what_needs_no_gpu_runs_with_the_parameters_it_is_deployed_with(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefect_server: None
) -> None:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    if name == "verify":
        (tmp_path / "projects").mkdir()  # the image of the others is made up, and so damaged
    else:
        commit(tmp_path / "projects", 1)
    if name == "query":
        sync()
    each = next(each for each in DEPLOYMENTS if each.flow == name)
    state = flow_of(each)(**each.content.get("parameters", {}), return_state=True)
    assert state.is_completed(), state.message
