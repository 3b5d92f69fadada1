"""The laboratory that every test of experiments starts with."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.experiments.lab_scenes import Lab, furnished


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Lab]:
    with furnished(tmp_path, monkeypatch) as made:
        yield made
