"""`darkroom engine` from the command line."""

import json
from pathlib import Path

import pytest

from darkroom.adapters import engine_process
from darkroom.apps.cli import main


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "darkroom.yaml").write_text("{}\n")
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.setattr(engine_process, "_ASK_WITHIN_S", 60.0)
    return tmp_path


def test_an_engine_is_started_shown_and_stopped(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["engine", "status"]) == 3
    assert capsys.readouterr().out == "not running\n"
    assert main(["engine", "start", "--verbose"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("started: http://127.0.0.1:")
    assert str(home / ".darkroom" / "engine" / "engine.log") in shown.err
    try:
        assert main(["engine", "status", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["started"] is False
    finally:
        assert main(["engine", "stop"]) == 0
    assert capsys.readouterr().out == "stopped\n"
    assert main(["engine", "stop"]) == 0
    assert capsys.readouterr().out == "was not running\n"
