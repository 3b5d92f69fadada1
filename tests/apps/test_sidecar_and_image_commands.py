"""`darkroom sidecar` and `darkroom image`, as a person types them."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import typer

from darkroom.apps import cli, console
from darkroom.apps.cli import image, sidecar
from darkroom.core.sidecar import json_schema
from tests.fakes.image_files import chunk, jpeg, png, with_chunks
from tests.fakes.sidecars import changed, document, example

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _commands(monkeypatch: pytest.MonkeyPatch) -> None:
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.callback()(lambda: None)
    app.add_typer(sidecar.app, name="sidecar")
    app.add_typer(image.app, name="image")
    monkeypatch.setattr(cli, "app", app)
    console.configure(as_json=False, verbose=False)


def _write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


def test_show_prints_the_document(tmp_path: Path, capsys: Captured) -> None:
    file = _write(tmp_path / "a.json", example("darkroom-v1.json"))
    assert cli.main(["sidecar", "show", file]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == document()
    assert err == ""


def test_show_flat_prints_thirteen_fields_in_order(tmp_path: Path, capsys: Captured) -> None:
    file = _write(tmp_path / "a.json", example("s0-flat.json"))
    assert cli.main(["sidecar", "show", file, "--flat", "--verbose"]) == 0
    out, err = capsys.readouterr()
    assert list(json.loads(out).items()) == list(document("s0-flat.json").items())
    assert "form: s0-flat" in err
    assert "taken as UTC" in err


def test_show_says_what_could_not_be_used(tmp_path: Path, capsys: Captured) -> None:
    file = _write(tmp_path / "a.json", changed("/seed", -1, "s0-flat.json"))
    assert cli.main(["sidecar", "show", file]) == 0
    assert "/parameters/seed" in capsys.readouterr().err


def test_show_of_a_damaged_file_is_exit_code_4(tmp_path: Path, capsys: Captured) -> None:
    file = _write(tmp_path / "a.json", b"<html>")
    assert cli.main(["sidecar", "show", file, "--json"]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err)["error"]["code"] == "sidecar-html"


def _folder(folder: Path, *, good: bool) -> str:
    digest = hashlib.sha256(png()).hexdigest()
    _write(folder / "a.png.json", changed("/identity/sha256", digest))
    _write(folder / "a.png", png() if good else png(2, 2))
    return str(folder)


@pytest.mark.parametrize(
    ("good", "code", "status"), [(True, 0, "whole"), (False, 4, "image differs")]
)
def test_check_tells_and_its_exit_code_says_whether_all_is_well(
    tmp_path: Path, capsys: Captured, good: bool, code: int, status: str
) -> None:
    folder = _folder(tmp_path, good=good)
    assert cli.main(["sidecar", "check", folder]) == code
    out, err = capsys.readouterr()
    assert status in out
    assert "1 sidecars" in err
    assert cli.main(["sidecar", "check", folder, "--json"]) == code
    assert json.loads(capsys.readouterr().out)[0]["status"] == status


def test_schema_prints_what_the_docs_hold(capsys: Captured) -> None:
    assert cli.main(["sidecar", "schema"]) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed) == json_schema()
    kept = Path(__file__).parents[2] / "docs" / "sidecar.schema.json"
    assert printed == kept.read_text(encoding="utf-8"), "run `make docs`"


PROMPT = '{"3": {"class_type": "KSampler", "inputs": {"seed": NaN}}}'
PICTURE = with_chunks(png(), chunk(b"tEXt", b"prompt\0" + PROMPT.encode()))


def test_image_show_prints_what_the_image_says(tmp_path: Path, capsys: Captured) -> None:
    file = _write(tmp_path / "a.jpg", PICTURE)
    assert cli.main(["image", "show", file]) == 0
    out = capsys.readouterr().out
    assert "image/png" in out
    assert "24x16" in out
    assert PROMPT in out


def test_image_show_gives_json(tmp_path: Path, capsys: Captured) -> None:
    file = _write(tmp_path / "a.png", PICTURE)
    assert cli.main(["image", "show", file, "--json"]) == 0
    shown: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert shown["text"]["prompt"]["3"]["inputs"] == {"seed": None}
    assert shown["sha256"] == hashlib.sha256(PICTURE).hexdigest()


def test_image_show_of_a_jpeg_has_no_text(tmp_path: Path, capsys: Captured) -> None:
    file = _write(tmp_path / "a.png", jpeg())
    assert cli.main(["image", "show", file]) == 0
    assert "image/jpeg" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["show"], ["strip", "--output", "x.png"]])
def test_a_hostile_image_is_exit_code_4(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    file = _write(tmp_path / "a.png", b"GIF89a\x01")
    assert cli.main(["image", command[0], file, *command[1:]]) == 4
    assert "image-format" in capsys.readouterr().err
    assert not Path("x.png").exists()


def test_image_strip_writes_a_copy_without_the_prompt(tmp_path: Path, capsys: Captured) -> None:
    file, output = _write(tmp_path / "a.png", PICTURE), tmp_path / "b.png"
    assert cli.main(["image", "strip", file, "--output", str(output)]) == 0
    assert output.read_bytes() == png()
    assert f"{len(PICTURE) - len(png())} bytes left out" in capsys.readouterr().out
    assert cli.main(["image", "strip", file, "--output", str(output)]) == 2
    assert "file-not-written" in capsys.readouterr().err
