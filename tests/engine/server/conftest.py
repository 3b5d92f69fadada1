"""One live engine per test, or per file where nothing is kept between tests."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.fakes.engine_graphs import picture
from tests.fakes.live_engine import LiveEngine, live_engine


@pytest.fixture
def engine(tmp_path: Path) -> Generator[LiveEngine]:
    with live_engine(tmp_path) as live:
        _feed(live, tmp_path)
        yield live


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Generator[LiveEngine]:
    root = tmp_path_factory.mktemp("engine")
    with live_engine(root) as live:
        _feed(live, root)
        yield live


def _feed(_live: LiveEngine, root: Path) -> None:
    for side in (64, 128):
        (root / "input" / f"in{side}.png").write_bytes(picture(side))
