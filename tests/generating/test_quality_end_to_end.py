"""Draw, score, refine and rescore with nothing replaced: engine, scoring process, folder store."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from darkroom.adapters.engine_process import FOLDER, EngineProcess
from darkroom.adapters.scorers.resident_process import ResidentProcess
from darkroom.adapters.settings import open_lab
from darkroom.apps import cli
from darkroom.scoring.configured import scoring_of

pytestmark = pytest.mark.slow
PROMPT = "a large red circle above a small blue square, on a white background"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    yield tmp_path
    ResidentProcess(scoring_of(open_lab()).place).stop()
    EngineProcess(tmp_path / FOLDER).stop()


def test_the_learned_pair_steers_a_refinement_and_validates_on_the_embedded_engine(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["generate", "--prompt", PROMPT, "--seed", "7", "--validate", "--json"]
    code = cli.main([*command, "--quality-threshold", "9", "--max-attempts", "2"])
    told = json.loads(capsys.readouterr().out)
    assert code == (0 if told["status"] == "success" else 1)
    sidecars = [json.loads(path.read_text()) for path in home.rglob("images/*.json")]
    assert len(sidecars) == len(told["attempts"])
    for sidecar in sidecars:
        scores = {score["metric"]: score for score in sidecar["quality"]["scores"]}
        pair = scores["shapeworld_adherence"]
        assert sidecar["validation_score"] == pytest.approx(max(0.0, pair["raw"]))
        assert sidecar["quality"]["composite_score"] == pytest.approx(
            told["attempts"][sidecar["refinement"]["attempt"] - 1]["composite_score"]
        )
        assert sidecar["quality"]["coverage"] >= 0.25
    assert cli.main(["rescore", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scored"] == 0


def test_what_was_drawn_without_scores_gets_them_later(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["generate", "--prompt", PROMPT, "--seed", "7"]) == 0
    assert cli.main(["rescore"]) == 0
    (path,) = home.rglob("scores/*.json")
    found = json.loads(path.read_text())
    assert found["composite_score"] is not None
    capsys.readouterr()
    assert cli.main(["score", "generated/working", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["composite_score"] == pytest.approx(found["composite_score"])
