"""One Prefect server for the few tests that need a real one."""

from collections.abc import Generator
from pathlib import Path

import pytest
from prefect.testing.utilities import prefect_test_harness

from tests.runs.run_scenes import Lab, connect_servers


@pytest.fixture(scope="session")
def prefect_server() -> Generator[None]:
    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefect_server: None) -> Lab:
    made = Lab(tmp_path)
    made.write()
    return connect_servers(made, monkeypatch)
