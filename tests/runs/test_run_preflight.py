"""The host is asked before any GPU time: the real embedded engine says what it lacks."""

import shutil
from pathlib import Path

import pytest

from darkroom.adapters.engine_process import FOLDER, EngineProcess
from darkroom.core.errors import PreflightError
from darkroom.runs.params import IterateParams
from darkroom.runs.preview import preview

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "projects/demo/config", tmp_path / "projects/demo/config")
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    engine = EngineProcess(tmp_path / FOLDER)
    engine.start()
    yield tmp_path
    engine.stop()


def test_the_engine_takes_the_demo_and_refuses_what_it_does_not_have(home):
    assert preview(IterateParams(project="demo")).warnings == ()
    flags = ["model.ckpt_name=shapeworld_bass.onnx"]
    with pytest.raises(PreflightError, match=r"shapeworld_base\.onnx"):
        preview(IterateParams(project="demo", sets=flags))
    assert not (home / "projects/demo/working").exists()
