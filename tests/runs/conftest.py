"""A connected laboratory for every test of a run."""

from pathlib import Path

import pytest

from tests.runs.run_scenes import Lab, connect


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    made = Lab(tmp_path)
    made.write()
    return connect(made, monkeypatch)
