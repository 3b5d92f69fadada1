"""One Prefect server for all tests that need a real one, and the benches they work at."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from darkroom.writepath import fleet_opening
from flows import iterate
from tasks import gpu_slot
from tests.fakes.comfy_server import ComfyServer, running_server
from tests.fakes.prefect_servers import harness
from tests.fakes.vision_server import Reply, vision_server
from tests.fakes.workflows import document
from tests.flows.fault_scenes import FAST, Bench, free_slots
from tests.runs.run_scenes import Lab, connect_servers


@pytest.fixture(scope="session")
def prefect_server(prefect_database: Path) -> Generator[None]:
    with harness(prefect_database):
        yield


@pytest.fixture
def free_servers(prefect_server: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else draws: what an earlier test killed has let its server go.

    Flows in this process take no turns; `test_gpu_slots` is about those. Commands do.
    """
    free_slots()
    monkeypatch.setattr(gpu_slot, "_lives_on", lambda: False)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_servers: None) -> Lab:
    made = Lab(tmp_path)
    made.write()
    return connect_servers(made, monkeypatch)


@pytest.fixture
def comfy(home: Path) -> Iterator[ComfyServer]:
    """The host `studio` of the home that the test module makes."""
    with running_server() as (server, url):
        server.catalogue = document("object_info")
        (home / "darkroom.yaml").write_text(f"hosts:\n  studio:\n    url: {url}\n")
        yield server


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_servers: None) -> Generator[Bench]:
    """Everything real but the pixels; this process is impatient, others are as patient as ever."""
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.setattr(fleet_opening, "Timing", lambda: FAST)
    for task in (iterate.draw, iterate.answer, iterate.commit, iterate.settle, iterate.close):
        monkeypatch.setattr(task, "retry_delay_seconds", 0)
    with running_server() as (comfy, url), vision_server(Reply()) as vision:
        made = Bench(tmp_path, comfy, url, vision, monkeypatch.setenv)
        try:
            yield made
        finally:
            made.end_all()
