"""What other tools write, value by value, and what becomes of it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks.importing.sources import a1111_text, comfy_graph, flat_sidecar, png
from darkroom.archive.importing.describing import Described, Passed, describe
from darkroom.archive.importing.facts import from_graph, from_words
from darkroom.archive.importing.pictures import read_picture
from darkroom.archive.importing.sessions import moment_in, scan
from darkroom.archive.importing.told import Told, in_name, told_by
from darkroom.core.errors import ImageRefused, UsageError
from darkroom.core.workflow.graph import read_graph
from darkroom.core.workflow.readback import read_back
from tests.fakes.image_files import SIGNATURE, chunk, header, jpeg, webp
from tests.fakes.sidecars import example
from tests.fakes.workflows import FOLDER

MANIFEST = "manifest.json"


def session(folder: Path, **files: Any) -> Path:
    """A folder with these files; a dict is written as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        data = json.dumps(content).encode() if isinstance(content, dict | list) else content
        (folder / name.replace("__", ".")).write_bytes(data)
    return folder


def described(folder: Path, name: str = "a.png") -> dict[str, Any]:
    (found,) = scan(folder)
    result = describe(found, told_by(found), name)
    assert isinstance(result, Described), result
    return result.document


def told(folder: Path) -> Told:
    (found,) = scan(folder)
    return told_by(found)


def test_a_manifest_of_the_first_form_is_read(tmp_path: Path) -> None:
    manifest = {
        "model_name": "sd-v1.5",
        "template_name": "portrait",
        "generation_params": {
            "cfg_scale": "6.5",
            "steps": 30,
            "sampler": "Euler a",
            "scheduler": "karras",
        },
        "images": {
            "a.png": {
                "seed": 42,
                "prompt": "a cat",
                "variations": {"Pose": {"deep": 1}, "Mood": "sad"},
            },
        },
    }
    found = described(session(tmp_path, manifest__json=manifest, a__png=png(1)))
    assert found["input"] == {"prompt": "a cat", "preset": "portrait"}
    assert found["workflow"]["model"] == "sd-v1.5"
    assert found["parameters"] == {
        "seed": 42,
        "steps": 30,
        "cfg": 6.5,
        "sampler": "Euler a",
        "scheduler": "karras",
    }
    assert found["variations"] == {"Pose": '{"deep": 1}', "Mood": "sad"}


def test_what_the_image_says_fills_what_the_manifest_leaves_open(tmp_path: Path) -> None:
    manifest = {"images": [{"filename": "x/a.png", "seed": -1, "prompt": "from the manifest"}, 7]}
    text = {"parameters": a1111_text(5)}
    found = described(session(tmp_path, manifest__json=manifest, a__png=png(1, text)))
    assert found["input"]["prompt"] == "from the manifest"
    assert found["parameters"]["seed"] == 1005  # -1 asks for a seed and is none
    assert found["parameters"]["resolution"] == [16, 16]


def test_unknown_values_of_a_manifest_are_kept(tmp_path: Path) -> None:
    manifest = {"images": [{"filename": "a.png", "hires": {"scale": 2}, "prompt": "x"}]}
    found = described(session(tmp_path, manifest__json=manifest, a__png=png(1)))
    assert found["extra"]["/manifest"] == {"hires": {"scale": 2}}
    assert found["extra"]["/imported"]["kind"] == "sdgen"


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ({"is_liked": 1, "notes": ""}, {"is_liked": True}),
        ({"is_liked": False, "rating": 7.5}, {"rating": 7.5}),
        ({"rating": {"technical_quality": "perfect"}}, {"technical_quality": "perfect"}),
        ({"flags": {"is_deleted": True}}, {"is_deleted": True}),
        ({"ml_predictions": {"confidence": 0.8}}, {"ml_predictions": {"confidence": 0.8}}),
        ({"status": None}, {}),
    ],
)
def test_ratings_are_found_wherever_a_manifest_keeps_them(
    tmp_path: Path, said: dict[str, Any], fields: dict[str, Any]
) -> None:
    manifest = {"images": [{"filename": "a.png", "prompt": "x", **said}]}
    (found,) = scan(session(tmp_path, manifest__json=manifest, a__png=png(1)))
    result = describe(found, told_by(found), "a.png")
    assert isinstance(result, Described)
    assert result.marks == fields


@pytest.mark.parametrize("content", [b"[1]", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_manifest_that_is_none_is_a_problem_and_no_more(tmp_path: Path, content: bytes) -> None:
    found = told(session(tmp_path, manifest__json=content, a__png=png(1)))
    assert [name for name, _ in found.problems] == [MANIFEST]


def test_an_older_session_is_read_from_all_it_left(tmp_path: Path) -> None:
    name = "005_Expression-sad_Angle-front.png"
    config = b"Prompt Template: a {Expression}\nSeed: 42\nNegative Prompt: ugly\n---\n"
    metadata = {
        "model": {"checkpoint": "dream"},
        "parameters": {"cfg_scale": 7.0, "width": 64, "height": 32},
    }
    folder = session(tmp_path, session_config__txt=config, metadata__json=metadata)
    (folder / name).write_bytes(png(1, {"parameters": "a sad cat\nSteps: 9, Seed: 5"}))
    found = described(folder, name)
    assert found["variations"] == {"Expression": "sad", "Angle": "front"}
    assert found["input"] == {"prompt": "a sad cat", "negative_prompt": "ugly"}
    assert found["parameters"] == {"seed": 5, "steps": 9, "cfg": 7.0, "resolution": [64, 32]}
    assert found["workflow"] == {"model": "dream"}
    assert told(folder).session["session_config"]["Prompt Template"] == "a {Expression}"


def test_an_older_session_with_damaged_files_is_read_without_them(tmp_path: Path) -> None:
    folder = session(tmp_path, metadata__json=b"{", a__png=png(1))
    (folder / "session_config.txt").symlink_to(tmp_path / "nowhere")
    assert {name for name, _ in told(folder).problems} == {"session_config.txt", "metadata.json"}


def test_only_numbered_names_hold_axes() -> None:
    assert in_name("holiday_Beach-1.png") == {}
    assert in_name("001.png") == {}


def test_a_sidecar_beside_is_believed_first_and_completed_by_the_image(tmp_path: Path) -> None:
    text = {"prompt": json.dumps(comfy_graph(3))}
    folder = session(tmp_path, a__png=png(1, text))
    (folder / "a.png.json").write_text(json.dumps(flat_sidecar(9)))
    found = described(folder)
    assert found["input"]["prompt"] == "a harbour 9"
    assert found["parameters"]["seed"] == 9
    assert found["workflow"]["model"] == "dream.safetensors"
    assert "3" in found["workflow"]["graph"]
    assert found["validation_score"] == 0.85
    assert found["extra"]["/imported_form"] == "s0-flat"
    assert found["extra"]["/imported_storage"]["bucket"] == "comfy-gen"


@pytest.mark.parametrize("name", ["s2-iteration.json", "s3-nested.json", "darkroom-v1.json"])
def test_sidecars_of_every_form_are_taken_over(tmp_path: Path, name: str) -> None:
    folder = session(tmp_path, a__png=png(1))
    (folder / "a.png.json").write_bytes(example(name))
    assert described(folder)["extra"]["/imported"]["kind"] == "sidecar"


def test_a_sidecar_nobody_can_read_costs_only_itself(tmp_path: Path) -> None:
    folder = session(tmp_path, a__png=png(1, {"parameters": a1111_text(1)}))
    (folder / "a.png.json").write_bytes(b"{ cut off")
    found = described(folder)
    assert found["parameters"]["seed"] == 1001
    assert "sidecar-" in found["extra"]["/imported_sidecar"]


def test_a_text_beside_an_image_tells_of_it(tmp_path: Path) -> None:
    found = described(session(tmp_path, a__png=png(1), a__txt=a1111_text(2).encode()))
    assert found["parameters"]["steps"] == 22
    assert found["parameters"]["loras"] == [{"name": "detail", "strength": 0.6}]
    assert found["extra"]["/imported"]["kind"] == "a1111"


def test_other_texts_in_an_image_are_kept_and_a_strange_graph_is_passed_over(
    tmp_path: Path,
) -> None:
    text = {
        "prompt": '{"1": 2}',
        "parameters": a1111_text(1),
        "Software": "x",
        "huge": "y" * 30_000,
    }
    found = described(session(tmp_path, a__png=png(1, text)))
    assert found["extra"]["/png/Software"] == "x"
    assert "/png/huge" not in found["extra"]
    assert found["extra"]["/imported"]["kind"] == "a1111"


def _commented(kind: str, comment: bytes) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = comment
    return (jpeg if kind == "jpg" else webp)(exif=exif.tobytes())


@pytest.mark.parametrize("kind", ["jpg", "webp"])
@pytest.mark.parametrize(
    "comment",
    [
        b"UNICODE\0" + a1111_text(3).encode("utf-16-be"),
        b"UNICODE\0" + a1111_text(3).encode("utf-16-le"),
        b"ASCII\0\0\0" + a1111_text(3).encode(),
    ],
)
def test_jpeg_and_webp_say_it_in_their_comment(tmp_path: Path, kind: str, comment: bytes) -> None:
    path = tmp_path / f"a.{kind}"
    path.write_bytes(_commented(kind, comment))
    picture = read_picture(path)
    assert picture.comment is not None
    assert "Seed: 1003" in picture.comment
    assert (picture.width, picture.height) == (24, 16)
    assert described(tmp_path, path.name)["parameters"]["seed"] == 1003


@pytest.mark.parametrize("data", [jpeg(), webp(), _commented("jpg", b"ASCII\0\0\0")])
def test_without_a_comment_there_is_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(data)
    assert read_picture(tmp_path / "a.jpg").comment is None


def test_damaged_camera_data_cost_only_themselves(tmp_path: Path) -> None:
    data = _commented("jpg", b"ASCII\0\0\0" + a1111_text(3).encode())
    (tmp_path / "a.jpg").write_bytes(data.replace(b"II*\0", b"XX*\0").replace(b"MM\0*", b"XX\0*"))
    assert read_picture(tmp_path / "a.jpg").comment is None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (SIGNATURE + header(10, 10) + chunk(b"IEND", b""), "image-damaged"),
        (
            SIGNATURE + header(60_000, 60_000) + chunk(b"IDAT", b"") + chunk(b"IEND", b""),
            "image-too-large",
        ),
        (png(1)[:-1], "image-truncated"),
        (b"\xff\xd8\xff\xd9", "image-damaged"),
    ],
)
def test_what_is_no_whole_picture_is_refused(tmp_path: Path, data: bytes, code: str) -> None:
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(ImageRefused) as refused:
        read_picture(tmp_path / "a.png")
    assert refused.value.code == code


def test_more_than_a_store_takes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("darkroom.archive.importing.pictures.MAX_OBJECT_BYTES", 10)
    (tmp_path / "a.png").write_bytes(png(1))
    with pytest.raises(ImageRefused):
        read_picture(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20260104_011032_output.png", datetime(2026, 1, 4, 1, 10, 32, tzinfo=UTC)),
        ("2025-11-07T15:30:00", datetime(2025, 11, 7, 15, 30, tzinfo=UTC)),
        ("2025-11-07 holiday", datetime(2025, 11, 7, tzinfo=UTC)),
        ("20251399_x", None),
        ("20250231", None),
        ("holiday", None),
    ],
)
def test_moments_are_found_in_names(text: str, expected: datetime | None) -> None:
    assert moment_in(text) == expected


def test_hidden_folders_and_links_are_passed_over(tmp_path: Path) -> None:
    session(tmp_path / "a" / ".thumbs", x__png=png(1))
    session(tmp_path / "a" / "b", x__png=png(1))
    (tmp_path / "a" / "c").symlink_to(tmp_path / "a" / "b")
    assert [found.name for found in scan(tmp_path / "a")] == ["b"]
    assert [found.title for found in scan(tmp_path / "a" / "b")] == ["b"]


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        scan(tmp_path / "none")
    assert refused.value.code == "import-folder"


def test_names_are_known_in_any_spelling() -> None:
    found = from_words(
        {"CFG Scale": "7", "Sampler Name": "euler", "model": {"checkpoint": "m"}, "Steps": "x"}
    )
    assert (found["cfg"], found["sampler"], found["model"], found["steps"]) == (
        7.0,
        "euler",
        "m",
        None,
    )
    assert from_words({"loras": [1], "width": 0, "height": 5})["loras"] == [1]


@pytest.mark.parametrize("name", sorted(path.name for path in (FOLDER / "api").glob("*.json")))
def test_a_graph_is_read_as_ever_though_its_shape_was_seen_before(name: str) -> None:
    document = json.loads((FOLDER / "api" / name).read_text())
    for seed, words in ((1, "a"), (2, "b")):
        for node in document.values():
            inputs = node["inputs"]
            inputs |= {k: seed for k in ("seed", "noise_seed") if isinstance(inputs.get(k), int)}
            inputs |= {k: words for k in ("text",) if isinstance(inputs.get(k), str)}
        read = read_back(read_graph(document))
        found = from_graph(document, name)
        assert found["prompt"] == read.prompt
        assert found["seed"] == read.seed
        assert found["graph"] == document
        assert [lora["name"] for lora in found["loras"]] == [use.name for use in read.loras]
        for value in ("steps", "cfg", "sampler", "scheduler", "denoise"):
            assert found[value] == getattr(read, value)


def test_what_is_no_graph_says_nothing() -> None:
    assert from_graph({"1": {"inputs": {}}}, "x") == {}


def test_a_file_that_vanishes_is_a_failure(tmp_path: Path) -> None:
    (found,) = scan(session(tmp_path, a__png=png(1)))
    (tmp_path / "a.png").unlink()
    result = describe(found, Told(), "a.png")
    assert isinstance(result, Passed)
    assert result.is_failure
