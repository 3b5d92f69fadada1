"""SIGTERM, as systemd and docker send it, to a worker that carries a run: nothing is lost."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from benchmarks.recovery.checks import counted
from benchmarks.recovery.place import Place
from darkroom.adapters.processes import environments
from flows.environment import RUN_ID
from tests.fakes.s3_servers import free_port

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("ended"), free_port())
    made.prepare(("first", "second"))
    made.up()
    yield made
    made.down()


def until(holds: Callable[[], bool], within_s: float = 700.0) -> None:
    ends_at = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends_at
        time.sleep(1)


def states(place: Place, run: str) -> list[str]:
    found = place.asked(lambda client: client.read_flow_run_states(run))
    return [each.type.value for each in found]


def processes_of(run: str) -> list[int]:
    return [pid for pid, known in environments().items() if known.get(RUN_ID) == run]


def begun(place: Place, project: str) -> str:
    run = place.deployed(project)
    until(lambda: "RUNNING" in states(place, run))
    time.sleep(3)  # in the middle of drawing
    return run


def whole(place: Place) -> bool:
    found = counted(place.home / "projects")
    return found.damaged == 0 and found.committed == found.jobs


def test_a_run_whose_worker_is_ended_comes_to_its_end(place: Place) -> None:
    """In it or, where the worker ends it as well, with the next one."""
    run = begun(place, "first")
    for pid in place.victims()["worker"]:
        os.kill(pid, signal.SIGTERM)
    until(lambda: states(place, run)[-1] == "COMPLETED")
    assert len(list((place.home / "projects/first/working").glob("*/run.json"))) == 1
    assert whole(place)


def test_a_run_that_is_ended_with_its_worker_goes_on_with_the_next_one(place: Place) -> None:
    """As a whole control group or container is ended."""
    run = begun(place, "second")
    for pid in (*place.victims()["worker"], *processes_of(run)):
        os.kill(pid, signal.SIGTERM)
    until(lambda: states(place, run)[-1] == "COMPLETED")
    assert "CRASHED" in states(place, run)
    assert len(list((place.home / "projects/second/working").glob("*/run.json"))) == 1
    assert whole(place)
