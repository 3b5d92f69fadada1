"""Stores of these tests lie in memory where the system offers that: fsync is most of the time."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.writepath.scenes import MEMORY


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=MEMORY))
    yield folder
    shutil.rmtree(folder)
