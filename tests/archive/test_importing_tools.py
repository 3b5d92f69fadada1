"""What real tools leave behind, and names and values that are no text."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks.importing.sources import a1111_text, comfy_graph, flat_sidecar, png
from darkroom.adapters.stores import FolderStore
from darkroom.archive.importing.describing import Described, describe
from darkroom.archive.importing.readable import decoded, readable_json
from darkroom.archive.importing.sessions import scan
from darkroom.archive.importing.taking import Wish, count_files, import_folder
from darkroom.archive.importing.told import told_by
from darkroom.core.sidecar import parse
from darkroom.writepath.desk import Desk
from darkroom.writepath.locks import Locks
from tests.fakes.image_files import webp

FIELDS = "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 10, Size: 64x96, Model: dream"


def described(folder: Path, name: str = "a.png") -> dict[str, Any]:
    (found,) = scan(folder)
    result = describe(found, told_by(found), name)
    assert isinstance(result, Described), result
    return result.document


def of_texts(folder: Path, texts: dict[str, str]) -> dict[str, Any]:
    (folder / "a.png").write_bytes(png(1, texts))
    return described(folder)


def desk_at(folder: Path) -> Desk:
    return Desk(FolderStore(folder / "store"), Locks(folder / "locks"), storage={"kind": "folder"})


def test_a_name_that_is_no_text_stops_no_import(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for folder in ("", "caf\udce9"):
        (source / folder).mkdir(parents=True, exist_ok=True)
        for name in ("bad\udcff.png", "two\nlines.png"):
            number = len(folder) * 7 + len(name)
            picture = png(number, {"parameters": a1111_text(number)})
            (source / folder / name).write_bytes(picture)
    desk, told = desk_at(tmp_path), list[int]()
    report = import_folder(Wish(source, "old"), desk, told.append)
    assert (report.count("imported"), report.count("failed")) == (4, 0)
    assert sum(told) == count_files(source)
    report.write(tmp_path / "report.json")
    listed = {
        line["source"] for line in json.loads((tmp_path / "report.json").read_text())["files"]
    }
    assert listed == {
        f"{folder}{name}"
        for folder in ("", "caf\\xe9/")
        for name in ("bad\\xff.png", "two\nlines.png")
    }
    again = import_folder(Wish(source, "old"), desk)
    assert (again.count("imported"), again.count("skipped")) == (0, 4)


def test_two_folders_imported_one_after_the_other_are_two_runs(tmp_path: Path) -> None:
    desk = desk_at(tmp_path)
    for number, name in enumerate(("first", "second")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(png(number, {"parameters": a1111_text(number)}))
        report = import_folder(Wish(tmp_path / name, "old"), desk)
        assert report.count("imported") == 1
    images = [key for key in desk.store.iter_keys() if key.endswith(".png")]
    assert len({key.split("/")[2] for key in images}) == 2


def test_values_that_are_no_text_or_no_number_cost_only_themselves(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    image = {"filename": "a.png", "prompt": "half \ud83d", "x": float("inf"), "big": 10**30}
    manifest = {"images": [image, {"filename": "\udcff.png"}]}
    (source / "manifest.json").write_text(json.dumps(manifest))
    huge = FIELDS.replace("Steps: 20", f"Steps: {'9' * 20}").replace(
        "Seed: 10", f"Seed: {'9' * 20}"
    )
    (source / "a.png").write_bytes(png(1, {"parameters": f"x\n{huge}"}))
    desk = desk_at(tmp_path)
    report = import_folder(Wish(source, "old"), desk)
    assert [line.outcome for line in report.lines] == ["failed", "imported"]
    (key,) = (key for key in desk.store.iter_keys() if key.endswith("_001.png.json"))
    found = parse(desk.store.get(key), key=key)
    assert found.input.prompt == "half \ufffd"
    assert (found.parameters.seed, found.parameters.steps) == (None, None)
    assert found.extra["/manifest"] == {"x": None, "big": "1" + "0" * 30}


def test_lines_behind_the_fields_become_fields(tmp_path: Path) -> None:
    behind = "Template: a {red|blue}\ncat\nNegative Template: b"
    text = f"a red cat\nNegative prompt: bad\n{FIELDS}\n{behind}"
    found = of_texts(tmp_path, {"parameters": text})
    assert found["input"] == {"prompt": "a red cat", "negative_prompt": "bad"}
    assert found["parameters"]["seed"] == 10
    assert found["extra"]["/a1111"]["Template"] == "a {red|blue}\ncat"
    assert found["extra"]["/a1111"]["Negative Template"] == "b"


def test_a_text_keeps_autoencoder_and_distilled_guidance(tmp_path: Path) -> None:
    found = of_texts(tmp_path, {"parameters": f"x\n{FIELDS}, VAE: v.pt, Distilled CFG Scale: 3.5"})
    assert found["workflow"]["vae"] == "v.pt"
    assert found["parameters"]["guidance"] == 3.5


def test_utf_8_that_was_called_latin_1_is_read_as_what_it_is(tmp_path: Path) -> None:
    said = "une forêt 日本"
    raw = f"{said}\n{FIELDS}".encode().decode("latin-1")
    assert of_texts(tmp_path, {"parameters": raw})["input"]["prompt"] == said


def test_a_text_in_latin_1_stays_what_it_is(tmp_path: Path) -> None:
    assert of_texts(tmp_path, {"parameters": f"café\n{FIELDS}"})["input"]["prompt"] == "café"


INVOKE = {
    "positive_prompt": "a cat",
    "negative_prompt": "bad",
    "seed": 7,
    "steps": 9,
    "cfg_scale": 4,
    "model": {"name": "xl"},
    "width": 64,
    "height": 96,
    "loras": [{"model": {"name": "l"}, "weight": 0.7}],
}
OLD_INVOKE = {
    "model_weights": "xl",
    "image": {"prompt": [{"prompt": "a cat"}], "seed": 7, "steps": 9, "cfg_scale": 4},
}
SWARM = {"prompt": "a cat", "negativeprompt": "bad", "model": "xl", "seed": 7, "steps": 9}
FOOOCUS = {
    "prompt": "a cat",
    "base_model": "xl",
    "seed": "7",
    "steps": 9,
    "resolution": "(64, 96)",
    "loras": [["l", "0.7", "hash"]],
}
NOVEL = {"steps": 9, "sampler": "k_euler", "seed": 7, "scale": 4.0, "uc": "bad"}
EASY = {"prompt": "a cat", "seed": "7", "num_inference_steps": "9"}


@pytest.mark.parametrize(
    ("texts", "more"),
    [
        ({"invokeai_metadata": json.dumps(INVOKE)}, {"loras", "resolution", "cfg", "negative"}),
        ({"sd-metadata": json.dumps(OLD_INVOKE)}, {"cfg"}),
        ({"parameters": json.dumps({"sui_image_params": SWARM})}, {"negative"}),
        ({"parameters": json.dumps(FOOOCUS)}, {"loras", "resolution"}),
        (
            {"Software": "NovelAI", "Description": "a cat", "Comment": json.dumps(NOVEL)},
            {"cfg", "negative"},
        ),
        (EASY | {"use_stable_diffusion_model": "xl"}, set[str]()),
    ],
)
def test_what_other_tools_write_is_read(
    tmp_path: Path, texts: dict[str, str], more: set[str]
) -> None:
    found = of_texts(tmp_path, texts)
    parameters = found["parameters"]
    assert (found["input"]["prompt"], parameters["seed"], parameters["steps"]) == ("a cat", 7, 9)
    assert found["workflow"].get("model", "xl") == "xl"
    assert ("negative" in more) == (found["input"].get("negative_prompt") == "bad")
    expected = {"loras": [{"name": "l", "strength": 0.7}], "resolution": [64, 96], "cfg": 4.0}
    for name, value in expected.items():
        assert parameters.get(name) == (value if name in more else None)
    assert found["extra"]["/imported"]["kind"] == "described"


EDITOR = {
    "nodes": [
        {"id": 4, "type": "CheckpointLoaderSimple", "widgets_values": ["v1.safetensors"]},
        {"id": 5, "type": "EmptyLatentImage", "widgets_values": [512, 768, 1]},
        {"id": 6, "type": "CLIPTextEncode", "widgets_values": ["a mountain"]},
        {"id": 7, "type": "CLIPTextEncode", "widgets_values": ["fog"]},
        {
            "id": 2,
            "type": "SomethingOfItsOwn",
            "widgets_values": [1],
            "inputs": [{"name": "model", "type": "MODEL", "link": 1}],
        },
        {
            "id": 3,
            "type": "KSampler",
            "widgets_values": [42, "randomize", 25, 7.5, "dpmpp_2m", "karras", 1],
            "inputs": [
                {"name": "model", "type": "MODEL", "link": 6},
                {"name": "positive", "type": "CONDITIONING", "link": 2},
                {"name": "negative", "type": "CONDITIONING", "link": 3},
                {"name": "latent_image", "type": "LATENT", "link": 4},
            ],
        },
        {
            "id": 8,
            "type": "VAEDecode",
            "inputs": [{"name": "samples", "type": "LATENT", "link": 5}],
        },
        {
            "id": 9,
            "type": "SaveImage",
            "widgets_values": ["x"],
            "inputs": [{"name": "images", "type": "IMAGE", "link": 7}],
        },
    ],
    "links": [
        [1, 4, 0, 2, 0, "MODEL"],
        [2, 6, 0, 3, 1, "C"],
        [3, 7, 0, 3, 2, "C"],
        [4, 5, 0, 3, 3, "L"],
        [5, 3, 0, 8, 0, "L"],
        [6, 2, 0, 3, 0, "MODEL"],
        [7, 8, 0, 9, 0, "I"],
    ],
}


def test_a_graph_of_the_editor_tells_how_an_image_was_made(tmp_path: Path) -> None:
    found = of_texts(tmp_path, {"workflow": json.dumps(EDITOR)})
    assert found["input"] == {"prompt": "a mountain", "negative_prompt": "fog"}
    parameters = found["parameters"]
    assert (parameters["seed"], parameters["steps"], parameters["cfg"]) == (42, 25, 7.5)
    assert (parameters["sampler"], parameters["resolution"]) == ("dpmpp_2m", [512, 768])
    assert "graph" not in found["workflow"]  # unnamed values are missing: none to draw from
    assert found["extra"]["/workflow"] == EDITOR


@pytest.mark.parametrize("saved", [{"nodes": 1}, {"nodes": []}, {"nodes": [{"id": 1}]}, {"a": 1}])
def test_what_is_no_graph_of_the_editor_says_nothing(tmp_path: Path, saved: Any) -> None:
    text = {"workflow": json.dumps(saved), "parameters": f"x\n{FIELDS}"}
    assert of_texts(tmp_path, text)["extra"]["/imported"]["kind"] == "a1111"


def test_comfyui_writes_its_graph_into_a_webp_too(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "workflow:{cut off"
    exif[0x0110] = "prompt:" + json.dumps(comfy_graph(3))
    (tmp_path / "a.webp").write_bytes(webp(exif=exif.tobytes()))
    found = described(tmp_path, "a.webp")
    assert found["parameters"]["seed"] == 3
    assert found["workflow"]["graph"]


def test_a_sidecar_with_a_number_that_is_none_loses_only_that(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(1))
    said = flat_sidecar(9) | {"cfg": float("nan"), "steps": "17"}
    (tmp_path / "a.png.json").write_text(json.dumps(said))
    found = described(tmp_path)
    assert (found["input"]["prompt"], found["parameters"]["seed"]) == ("a harbour 9", 9)
    assert (found["parameters"]["cfg"], found["parameters"]["steps"]) == (None, 17)
    assert "sidecar-number" in found["extra"]["/imported_mended"]


@pytest.mark.parametrize("name", ["a.png.json", "a.json"])
def test_json_in_no_form_we_know_is_read_by_its_names(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.png").write_bytes(png(1))
    said = {"Positive": "a cat", "CFG Scale": 4, "size": "64x96", "model": "m", "of its own": 1}
    (tmp_path / name).write_text(json.dumps(said))
    found = described(tmp_path)
    assert found["input"] == {"prompt": "a cat"}
    assert found["parameters"] == {"cfg": 4.0, "resolution": [64, 96]}
    assert found["extra"]["/described"]["of its own"] == 1
    assert "/imported_sidecar" not in found["extra"]


CONFIG = """
==== SESSION ====
Date: 2025-10-01 10:15:00

PROMPT TEMPLATE:
masterpiece, {Mood}

NEGATIVE PROMPT:
low quality,
blurry

PARAMETERS:
  - Steps: 30
  * CFG Scale: 7.5
  - Size: 512x768
  - Seed: 42
"""


def test_an_older_session_file_may_have_sections_and_bullets(tmp_path: Path) -> None:
    (tmp_path / "session_config.txt").write_bytes(b"\xef\xbb\xbf" + CONFIG.encode())
    (tmp_path / "003_Mood-sad.png").write_bytes(png(1))
    found = described(tmp_path, "003_Mood-sad.png")
    assert found["input"] == {"negative_prompt": "low quality,\nblurry"}
    assert found["parameters"] == {"steps": 30, "cfg": 7.5, "resolution": [512, 768]}
    gap = f"Wide: a{' ' * 100_000}b"  # a quadratic reading would take minutes
    (tmp_path / "session_config.txt").write_text(f"{CONFIG}\n{gap}")
    (session,) = scan(tmp_path)
    said = told_by(session).session["session_config"]
    assert said["PROMPT TEMPLATE"] == "masterpiece, {Mood}"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_files_of_other_systems_are_read(encoding: str) -> None:
    assert decoded("été".encode(encoding)) == "été"


def test_loras_are_understood_in_several_spellings(tmp_path: Path) -> None:
    said = {
        "prompt": "x",
        "loras": ["a", {"name": "b", "weight": 2}, {"name": "c", "strength": 1}, 5],
    }
    found = of_texts(tmp_path, {"parameters": json.dumps(said)})["parameters"]["loras"]
    assert found[:3] == [
        {"name": "a", "strength": 1.0},
        {"name": "b", "strength": 2},
        {"name": "c", "strength": 1},
    ]


def test_json_that_names_nothing_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    found = of_texts(tmp_path, {"parameters": '{"what": 1}', "invokeai_metadata": "{"})
    assert found["input"] == {}
    assert readable_json(("\0", {"\udcff": float("nan")})) == ["\ufffd", {"\\xff": None}]
