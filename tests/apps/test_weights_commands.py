"""`darkroom weights`, as a person types it; no torch and no true weights are needed."""

import json
from pathlib import Path

import pytest
import typer

from darkroom.adapters.scorers import weights_convert
from darkroom.adapters.scorers.weights_convert import conversions
from darkroom.adapters.scorers.weights_folder import WeightsFolder
from darkroom.adapters.scorers.weights_listing import FOLDER
from darkroom.apps import cli, console
from darkroom.apps.cli import weights
from tests.fakes import onnx_files

Captured = pytest.CaptureFixture[str]
HEAD = "sac+logos+ava1-l14-linearMSE.pth"


@pytest.fixture(autouse=True)
def _commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.callback()(lambda: None)
    app.add_typer(weights.app, name="weights")
    monkeypatch.setattr(cli, "app", app)
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    console.configure(as_json=False, verbose=False)


def _put(tmp_path: Path, file: str, data: bytes = b"weights") -> Path:
    path = tmp_path / FOLDER / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_the_list_says_where_each_file_belongs_and_on_what_terms(
    tmp_path: Path, capsys: Captured
) -> None:
    _put(tmp_path, HEAD)
    assert cli.main(["weights", "list", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["folder"] == str(tmp_path / FOLDER)
    rows = {row["file"]: row for row in report["files"]}
    assert rows[HEAD]["state"] == "ready"
    assert rows[HEAD]["metrics"] == ["torch:laion_aesthetic"]
    nima = rows["torch/hub/pyiqa/NIMA_InceptionV2_ava-b0c77c00.pth"]
    assert (nima["state"], nima["size_mb"]) == ("absent", 218)
    assert "research use" in nima["licence"]


def test_the_table_for_people_shows_state_and_warns(tmp_path: Path, capsys: Captured) -> None:
    odd = "torch/hub/pyiqa/musiq_koniq_ckpt-e95806b9.pth"
    _put(tmp_path, odd)
    assert cli.main(["weights", "list"]) == 0
    out, err = capsys.readouterr()
    assert f"{odd}  " in out
    assert "begins with e95806b9" in err


def test_a_changed_file_fails_the_check_until_it_is_accepted(
    tmp_path: Path, capsys: Captured
) -> None:
    path = _put(tmp_path, HEAD)
    assert cli.main(["weights", "check"]) == 0
    path.write_bytes(b"other")
    assert cli.main(["weights", "check"]) == 4
    assert "is not read" in capsys.readouterr().err
    assert cli.main(["weights", "check", "--accept", HEAD]) == 0
    assert cli.main(["weights", "check", "--accept", "nonsense"]) == 2


def test_the_check_reads_bytes_that_a_look_would_trust(tmp_path: Path) -> None:
    _put(tmp_path, HEAD)
    assert cli.main(["weights", "check"]) == 0
    pins = tmp_path / FOLDER / "pins.json"
    noted = json.loads(pins.read_text())
    noted[HEAD]["sha256"] = "0" * 64
    pins.write_text(json.dumps(noted))
    assert cli.main(["weights", "list"]) == 0
    assert cli.main(["weights", "check"]) == 4


def test_another_folder_can_be_named(tmp_path: Path, capsys: Captured) -> None:
    assert cli.main(["weights", "list", "--json", "--folder", str(tmp_path / "else")]) == 0
    assert json.loads(capsys.readouterr().out)["folder"] == str(tmp_path / "else")


def test_converting_says_what_is_missing_and_what_is_there(
    tmp_path: Path, capsys: Captured
) -> None:
    data = onnx_files.network("nima", {"side": 64}, onnx_files.np.ones((3, 1)))
    _put(tmp_path, "onnx/nima.onnx", data)
    WeightsFolder(tmp_path / FOLDER).take_down("onnx/nima.onnx")
    assert cli.main(["weights", "convert", "nima_mean", "topiq"]) == 0
    out = capsys.readouterr().out
    assert "present" in out
    assert "is not in the weights folder" in out
    assert cli.main(["weights", "convert", "sharpness"]) == 2


def test_without_the_extra_converting_says_so(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that converts is one that finds no torch."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "torch.py").write_text("raise ImportError('none here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "empty"))
    _put(tmp_path, HEAD)
    assert cli.main(["weights", "list"]) == 0
    assert cli.main(["weights", "convert", "laion_aesthetic"]) == 2
    assert "models-extra-missing" in capsys.readouterr().err
    assert list((tmp_path / FOLDER / "onnx").iterdir()) == []


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import sys; sys.exit('it broke')", "it broke"),
        ("import time; time.sleep(60)", "took more"),
    ],
)
def test_a_conversion_that_dies_or_hangs_is_an_error(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, program: str, said: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        f"import sys\nif 'darkroom.adapters.scorers.onnx_export' in sys.orig_argv:\n    {program}\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(weights_convert, "_WITHIN_S", 60.0 if "sys.exit" in program else 0.5)
    _put(tmp_path, HEAD)
    assert cli.main(["weights", "list"]) == 0
    assert cli.main(["weights", "convert", "laion_aesthetic"]) == 3
    assert said in capsys.readouterr().err


def test_every_metric_of_the_onnx_tier_can_be_converted() -> None:
    recipes = {one.target.file: one.recipe for one in conversions()}
    assert recipes == {
        "onnx/nima.onnx": "nima",
        "onnx/topiq_nr.onnx": "topiq_nr",
        "onnx/laion_aesthetic.onnx": "aesthetic-head",
        "onnx/clip_image.onnx": "clip-image",
        "onnx/clip_text.onnx": "clip-text",
    }
