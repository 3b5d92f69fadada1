"""What a PNG says about how it was made: ComfyUI's graphs and A1111's parameters."""

import json
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.adapters.a1111_text import parse_parameters
from darkroom.adapters.image_encoding import encode_png
from darkroom.adapters.png_text import read_png_text
from darkroom.core.errors import ImageRefused
from tests.fakes.image_files import chunk, gradient, jpeg, png, with_chunks

PIXELS = gradient(2, 2)
GRAPH = {"3": {"class_type": "KSampler", "inputs": {"seed": 101, "cfg": 7.0}}}


def test_comfyui_graphs_are_read_without_what_the_server_added() -> None:
    prompt = {**GRAPH, "4": {"class_type": "LoadImage", "inputs": {}, "is_changed": ["ccfe"]}}
    text = {"prompt": json.dumps(prompt), "workflow": '{"nodes": []}'}
    found = read_png_text(encode_png(PIXELS, text))
    assert found.prompt == {**GRAPH, "4": {"class_type": "LoadImage", "inputs": {}}}
    assert found.workflow == {"nodes": []}
    assert found.texts == text
    assert any("is_changed" in note for note in found.notes)


def test_nan_and_infinity_in_the_graph_are_read_as_null() -> None:
    text = {"prompt": '{"4": {"inputs": {"a": [NaN, -Infinity, 1.5]}, "is_changed": NaN}}'}
    found = read_png_text(encode_png(PIXELS, text))
    assert found.prompt == {"4": {"inputs": {"a": [None, None, 1.5]}}}
    assert sum("NaN" in note for note in found.notes) == 1


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("{", "not JSON"),
        ("[1]", "no object"),
        ('{"a":' * 90_000, "not JSON"),
        ('{"a":' * 300 + "1" + "}" * 300, "not JSON"),
        ("1" * 5000, "not JSON"),
        ("", "not JSON"),
    ],
)
def test_a_prompt_that_is_no_graph_is_noted_and_kept_as_text(text: str, note: str) -> None:
    found = read_png_text(encode_png(PIXELS, {"prompt": text}))
    assert found.prompt is None
    assert found.texts == {"prompt": text}
    assert any(note in each for each in found.notes)


@pytest.mark.parametrize(
    "part",
    [
        chunk(b"tEXt", b"k\0caf\xe9"),
        chunk(b"zTXt", b"k\0\0" + zlib.compress(b"caf\xe9")),
        chunk(b"iTXt", "k\0\0\0fr\0clé\0café".encode()),
        chunk(b"iTXt", b"k\0\1\0\0\0" + zlib.compress("café".encode())),
    ],
)
def test_all_four_kinds_of_text_are_read(part: bytes) -> None:
    assert read_png_text(with_chunks(png(), part)).texts == {"k": "café"}


def test_damaged_packed_text_is_noted() -> None:
    found = read_png_text(with_chunks(png(), chunk(b"zTXt", b"k\0\0nonsense")))
    assert found.texts == {"k": ""}
    assert any("damaged" in note for note in found.notes)


def test_the_first_of_two_texts_counts() -> None:
    parts = chunk(b"tEXt", b"k\0one"), chunk(b"tEXt", b"k\0two"), chunk(b"tEXt", b"k\0one")
    found = read_png_text(with_chunks(png(), *parts))
    assert found.texts == {"k": "one"}
    assert len(found.notes) == 1


def test_only_png_text_is_read() -> None:
    with pytest.raises(ImageRefused) as caught:
        read_png_text(jpeg())
    assert caught.value.code == "image-format"


def test_the_recorded_output_of_a_real_server_is_read(recorded_chunks: list[bytes]) -> None:
    found = read_png_text(with_chunks(png(), *recorded_chunks))
    assert found.prompt is not None
    assert found.prompt["4"] == {"class_type": "LoadImage", "inputs": {"image": "in64.png"}}
    assert found.workflow is not None


@pytest.fixture
def recorded_chunks() -> list[bytes]:
    file = Path(__file__).parents[1] / "data" / "sidecars" / "comfyui-png-text.json"
    texts: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return [chunk(b"tEXt", f"{key}\0{value}".encode()) for key, value in texts.items()]


A1111 = (
    "a red chair, <lora:wood:0.8>, <lora:old:-1:lbw=x>\nsecond line\n"
    "Negative prompt: blurry,\nbad hands\n"
    "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 123456789, "
    "Size: 512x768, Model hash: abcdef1234, Model: sd15, Denoising strength: 0.45, "
    'Lora hashes: "wood: aa, old: bb", Odd: "un\\qoted", Version: v1.10.1'
)


def test_a1111_parameters_become_fields() -> None:
    found = parse_parameters(A1111)
    assert found.prompt == "a red chair, <lora:wood:0.8>, <lora:old:-1:lbw=x>\nsecond line"
    assert found.negative_prompt == "blurry,\nbad hands"
    assert (found.steps, found.seed, found.cfg, found.denoise) == (20, 123456789, 7.5, 0.45)
    assert (found.sampler, found.scheduler, found.size) == ("DPM++ 2M", "Karras", (512, 768))
    assert (found.model, found.model_hash) == ("sd15", "abcdef1234")
    assert found.loras == (("wood", 0.8), ("old", -1.0))
    assert found.fields["Lora hashes"] == "wood: aa, old: bb"
    assert found.fields["Odd"] == '"un\\qoted"'
    assert found.fields["Version"] == "v1.10.1"


def test_a1111_parameters_in_a_png_are_found() -> None:
    found = read_png_text(encode_png(PIXELS, {"parameters": A1111})).parameters
    assert found is not None
    assert found.steps == 20


@pytest.mark.parametrize("text", ["", "only words", "Steps of stone:\nNegative: no"])
def test_what_has_no_fields_is_all_prompt(text: str) -> None:
    found = parse_parameters(text)
    assert (found.prompt, found.negative_prompt, dict(found.fields)) == (text, "", {})
    assert (found.steps, found.seed, found.cfg, found.size) == (None, None, None, None)


def test_a_seed_of_minus_one_is_no_seed() -> None:
    assert parse_parameters("x\nSteps: 1, Seed: -1").seed is None


def test_a_flood_of_fields_is_cut() -> None:
    line = "Steps: 1, " + ", ".join(f"f{n}: {n}" for n in range(5000))
    assert len(parse_parameters(line).fields) == 500


@settings(deadline=None)
@given(st.text(max_size=300).map(lambda text: f"{text}\nSteps: 1, {text}"))
def test_any_text_gives_a_result(text: str) -> None:
    found = parse_parameters(text)
    assert found.loras is not None
    assert found.steps is None or found.steps >= 0


def test_a_hostile_last_line_takes_no_quadratic_time() -> None:
    assert parse_parameters("Steps: 1, " + 'a: "' * 200_000).steps == 1


def test_lines_that_extensions_put_behind_the_fields_are_fields_too() -> None:
    text = (
        "a cat\nNegative prompt: blurry\nSteps: 20, Seed: 7, Size: 64x64\n"
        "Template: a {cat|dog},\non a mat\nSeed: 9"
    )
    said = parse_parameters(text)
    assert (said.prompt, said.negative_prompt, said.seed) == ("a cat", "blurry", 7)
    assert said.fields["Template"] == "a {cat|dog},\non a mat"


def test_a_line_of_the_prompt_that_looks_like_fields_is_none() -> None:
    said = parse_parameters("Steps: 3, a staircase in fog\nNegative prompt: people")
    assert said.prompt == "Steps: 3, a staircase in fog"
    assert (said.negative_prompt, said.fields) == ("people", {})
