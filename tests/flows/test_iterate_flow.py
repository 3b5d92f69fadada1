"""The flow under a real Prefect: states, retries, artifacts, and the form of its parameters."""

from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterKey,
)

from darkroom.core.errors import ComfyUnreachable
from darkroom.runs.report import RunReport
from flows.iterate import iterate
from tests.runs.run_scenes import Lab

pytestmark = pytest.mark.slow


def artifacts(key: str, run: UUID) -> list[object]:
    """Another laboratory of this session may have begun a run of this name in the same second."""
    with get_client(sync_client=True) as client:
        wanted = ArtifactFilter(
            key=ArtifactFilterKey(any_=[key]), flow_run_id=ArtifactFilterFlowRunId(any_=[run])
        )
        return list(client.read_artifacts(artifact_filter=wanted))


def test_a_run_under_prefect_ends_as_without_it_and_shows_its_iterations(lab):
    state = iterate("demo", return_state=True)
    report, run = state.result(), state.state_details.flow_run_id
    assert isinstance(report, RunReport)
    assert report.status == "accepted"
    name = f"demo-{report.run_id}".replace("_", "-")
    tables = artifacts(f"iterations-{name}", run)
    assert len(tables) == 3
    assert "every criterion is met" in str(artifacts(f"report-{name}", run)[0])


def test_a_server_that_comes_back_is_tried_again_and_costs_no_iteration(lab: Lab, monkeypatch):
    monkeypatch.setattr("flows.iterate.Run.retries", 2)
    real, calls = lab.server.submit, []

    def submit(graph, prompt_id):
        calls.append(prompt_id)
        if len(calls) == 1:
            raise ComfyUnreachable("usage", "not yet", where="fake")
        return real(graph, prompt_id)

    monkeypatch.setattr(
        "tests.fakes.fake_renderer.FakeRenderer.submit", lambda _, g, p: submit(g, p)
    )
    monkeypatch.setattr("flows.iterate.draw.retry_delay_seconds", 0)
    report = iterate("demo")
    assert isinstance(report, RunReport)
    assert [line.failure for line in report.iterations] == [None, None, None]


def test_the_parameters_make_a_form_with_bounds_and_words():
    schema = iterate.parameters.model_dump()
    form = schema["definitions"]["IterateOptions"]["properties"]
    assert schema["required"] == ["project"]
    assert schema["properties"]["project"]["pattern"]
    assert all(field.get("description") for field in form.values())
    assert form["resume_from"]["anyOf"][0]["minimum"] == 1
    assert form["seed_ranking_mode"]["enum"] == ["rank1", "top3", "top5"]
