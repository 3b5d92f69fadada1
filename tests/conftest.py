"""What every test starts with."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from darkroom.apps import console
from tests.fakes.prefect_servers import database_of

# A machine that others use as well is slow at times, which is no mistake of the code. CI holds
# a change to the same examples every time; who works on the code meets new ones.
settings.register_profile(
    "shared",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("shared")


@pytest.hookimpl(trylast=True)  # what is deselected is gone
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Every worker begins with slow tests, so that the short ones fill up the last minutes.

    Workers begin with equal parts of the list. Files with slow tests are dealt out to the
    beginnings of these parts, whole and in their order: a test stays beside those it shares
    a fixture with.
    """
    workers = getattr(config, "workerinput", {"workercount": 1})["workercount"]
    paths = dict.fromkeys(item.path for item in items if item.get_closest_marker("slow"))
    part_of = {path: number % workers for number, path in enumerate(paths)}
    short = [item for item in items if item.path not in part_of]
    dealt: list[pytest.Item] = []
    for part in range(workers):
        dealt += [item for item in items if part_of.get(item.path) == part]
        room = max(0, len(items) * (part + 1) // workers - len(dealt))
        dealt += short[:room]
        del short[:room]
    items[:] = dealt + short


@pytest.fixture(scope="session")
def prefect_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as Prefect makes it for a new home, made once for all workers."""
    base = tmp_path_factory.getbasetemp()
    return database_of(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


@pytest.fixture(autouse=True)
def plain_console() -> None:
    """A command run in this process must not leave its `--json` to the next test."""
    console.configure(as_json=False, verbose=False)
