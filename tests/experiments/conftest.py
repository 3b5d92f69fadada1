"""The laboratory that every test of experiments starts with."""

from collections.abc import Generator
from pathlib import Path

import pytest

from darkroom.experiments import judging
from tests.experiments.lab_scenes import Lab, ReadingJudge, connected
from tests.fakes.comfy_server import running_server


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Lab]:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    judge = ReadingJudge()
    monkeypatch.setattr(judging, "judge_of", lambda *_: judge)
    with running_server() as (server, url), connected(Lab(tmp_path, server, url, judge)) as made:
        made.write()
        yield made
