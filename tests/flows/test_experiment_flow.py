"""The experiment flow on a real Prefect server: tasks, limit, artefacts, and a second run."""

from collections.abc import Generator
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client

from flows.experiment import experiment
from flows.stuck import FOLDER
from tests.experiments.lab_scenes import Lab, furnished, paint
from tests.fakes.comfy_server import ComfyServer, Job
from tests.flows.fault_scenes import free_slots
from tests.flows.shown_artifacts import shown


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefect_server: None) -> Generator[Lab]:
    free_slots()  # of whoever was killed in an earlier test
    with furnished(tmp_path, monkeypatch) as made:
        yield made


def active_slots() -> int:
    with get_client(sync_client=True) as client:
        return client.read_global_concurrency_limit_by_name("gpu:studio").active_slots


def test_the_flow_draws_every_cell_shows_them_and_draws_nothing_again(lab: Lab):
    known, held = [], []

    def painted(server: ComfyServer, job: Job) -> None:
        known.extend((lab.home / FOLDER).glob("*.json"))
        held.append(active_slots())
        paint(server, job)

    lab.server.work = painted
    report = experiment("demo", "first")
    assert (set(held), active_slots()) == ({1}, 0)
    assert len(set(known)) == 1  # should this process die, the next one tells Prefect
    assert not [*(lab.home / FOLDER).glob("*.json")]
    assert (report.status, report.drawn, lab.drawn) == ("complete", 8, 8)
    made = shown("experiment-demo-first")
    with get_client(sync_client=True) as client:
        limits = client.read_global_concurrency_limits(limit=50, offset=0)
    assert "cfg=9.0, steps=20" in made["experiment-demo-first"]
    assert "# demo/first" in made["experiment-demo-first-report"]
    assert "data:image/" in made["experiment-demo-first-report"]  # the sheet, small
    assert "gpu:studio" in {limit.name for limit in limits}
    assert experiment("demo", "first").drawn == 0
