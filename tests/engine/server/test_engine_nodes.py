"""What the nodes do with what they are given."""

import io
import shutil
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.fakes.engine_graphs import drawing, picture, plain
from tests.fakes.engine_model import UNKNOWN
from tests.fakes.live_engine import LiveEngine


@pytest.fixture
def engine(shared: LiveEngine) -> LiveEngine:
    """The server of this file, brought back to its beginning."""
    shared.post("/free", json={"free_memory": True})
    shared.model.drawn.clear()
    shared.model.styles.clear()
    root = shared.engine.folders.root
    for entry in [*(root / "input").iterdir(), *(root / "output").iterdir()]:
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    (root / "input" / "in64.png").write_bytes(picture())
    return shared


def _shown(engine: LiveEngine, graph: Any, node_id: str = "2") -> Image.Image:
    prompt_id, _ = engine.run(graph)
    entry = engine.history(prompt_id)
    assert entry["status"]["status_str"] == "success", entry["status"]
    saved = entry["outputs"][node_id]["images"][0]
    return Image.open(io.BytesIO(engine.get("/view", params=saved).content))


def _failed(engine: LiveEngine, graph: Any) -> dict[str, Any]:
    prompt_id, _ = engine.run(graph)
    return dict(engine.history(prompt_id)["status"]["messages"])["execution_error"]


def _loaded(name: str, **scaling: Any) -> dict[str, Any]:
    graph = plain()
    graph["1"] = {"class_type": "LoadImage", "inputs": {"image": name}}
    if scaling:
        inputs = {"image": ["1", 0], "upscale_method": "area", "crop": "disabled"} | scaling
        graph["3"] = {"class_type": "ImageScale", "inputs": inputs}
        graph["2"]["inputs"]["images"] = ["3", 0]
    return graph


def test_an_empty_image_has_its_colour(engine: LiveEngine) -> None:
    assert _shown(engine, plain(0x336699, width=3, height=2)).getpixel((2, 1)) == (51, 102, 153)


def test_a_loaded_image_is_saved_pixel_by_pixel(engine: LiveEngine) -> None:
    shown = _shown(engine, _loaded("in64.png"))
    assert shown.tobytes() == Image.open(io.BytesIO(picture())).tobytes()


def test_an_image_from_a_subfolder_and_from_output_can_be_loaded(engine: LiveEngine) -> None:
    root = engine.engine.folders.root
    (root / "input" / "a" / "b").mkdir(parents=True)
    (root / "input" / "a" / "b" / "x.png").write_bytes(picture(8))
    (root / "output" / "y.png").write_bytes(picture(16))
    assert _shown(engine, _loaded("a/b/x.png")).size == (8, 8)
    assert _shown(engine, _loaded("y.png [output]")).size == (16, 16)


@pytest.mark.parametrize("name", ["../../x.png", "/etc/passwd", "x.png [models]", ""])
def test_no_input_name_leads_out_of_the_folders(shared: LiveEngine, name: str) -> None:
    answer = shared.submit(_loaded(name))
    (error,) = answer.json()["node_errors"]["1"]["errors"]
    assert error["type"] == "custom_validation_failed"


def test_an_overwritten_input_is_noticed(engine: LiveEngine) -> None:
    _shown(engine, _loaded("in64.png"))
    (engine.engine.folders.root / "input" / "in64.png").write_bytes(picture(seed=9))
    shown = _shown(engine, _loaded("in64.png"))
    assert shown.tobytes() == Image.open(io.BytesIO(picture(seed=9))).tobytes()


def test_a_truncated_image_is_an_error_and_not_a_guess(engine: LiveEngine) -> None:
    """ComfyUI runs it to success with garbage."""
    (engine.engine.folders.root / "input" / "trunc.png").write_bytes(picture()[:-2000])
    error = _failed(engine, _loaded("trunc.png"))
    assert (error["node_id"], error["exception_type"]) == ("1", "OSError")


def test_an_image_of_too_many_pixels_is_refused_by_its_header(engine: LiveEngine) -> None:
    buffer = io.BytesIO()
    Image.new("1", (9000, 8000)).save(buffer, "PNG")
    (engine.engine.folders.root / "input" / "bomb.png").write_bytes(buffer.getvalue())
    error = _failed(engine, _loaded("bomb.png"))
    assert error["exception_type"].endswith("TooManyPixelsError")


def test_errors_name_no_folder_of_this_machine(engine: LiveEngine) -> None:
    root = engine.engine.folders.root
    (root / "input" / "corrupt.png").write_bytes(b"no image")
    (root / "output" / "taken").write_bytes(b"")
    for graph in (_loaded("corrupt.png"), plain(prefix="taken/x"), plain(prefix="../escape")):
        told = str(_failed(engine, graph))
        assert str(root) not in told
        assert 'File "/' not in told


def test_transparency_becomes_the_mask_and_is_left_out_of_the_picture(tmp_path: Any) -> None:
    from darkroom.engine import pictures

    path = tmp_path / "t.png"
    Image.new("RGBA", (4, 4), (10, 20, 30, 51)).save(path)
    pixels, mask = pictures.load(path, 100)
    assert pixels.shape == (1, 4, 4, 3)
    assert np.allclose(mask, 0.8)


@pytest.mark.parametrize(
    ("scaling", "size"),
    [
        ({"width": 32, "height": 16}, (32, 16)),
        ({"width": 32, "height": 0}, (32, 32)),
        ({"width": 0, "height": 16}, (16, 16)),
        ({"width": 0, "height": 0}, (64, 64)),
        ({"width": 20, "height": 40, "crop": "center"}, (20, 40)),
        ({"width": 40, "height": 20, "crop": "center", "upscale_method": "lanczos"}, (40, 20)),
    ],
)
def test_an_image_is_scaled_as_asked(
    engine: LiveEngine, scaling: dict[str, Any], size: tuple[int, int]
) -> None:
    assert _shown(engine, _loaded("in64.png", **scaling)).size == size


def test_cropping_keeps_the_middle() -> None:
    from darkroom.engine import pictures

    wide = np.zeros((1, 2, 6, 3), np.float32)
    wide[:, :, 2:4] = 1
    assert pictures.centre(wide, 10, 10).min() == 1
    assert pictures.centre(wide.transpose(0, 2, 1, 3), 10, 10).min() == 1


def test_another_size_than_the_models_is_refused_before_it_is_queued(shared: LiveEngine) -> None:
    graph = drawing()
    graph["5"]["inputs"] |= {"width": 512, "height": 64}
    answer = shared.submit(graph)
    assert answer.status_code == 400
    (error,) = answer.json()["node_errors"]["5"]["errors"]
    assert error["type"] == "custom_validation_failed"
    assert error["details"].startswith("width - size not supported: this model draws at 64 x 64")


def test_a_style_is_added_to_the_model(engine: LiveEngine) -> None:
    graph = drawing()
    style = {"model": ["1", 0], "lora_name": "outline.npz", "strength_model": 0.5}
    graph["20"] = {"class_type": "LoraLoaderModelOnly", "inputs": style}
    both = style | {"model": ["20", 0], "clip": ["1", 1], "strength_clip": 1, "strength_model": 2}
    graph["21"] = {"class_type": "LoraLoader", "inputs": both}
    graph["3"]["inputs"]["model"] = ["21", 0]
    graph["9"]["inputs"]["clip"] = ["21", 1]
    _shown(engine, graph, "7")
    assert engine.model.styles == [("outline.npz", 0.5), ("outline.npz", 2.0)]


def test_the_advanced_sampler_hands_on_every_choice(engine: LiveEngine) -> None:
    graph = drawing()
    inputs = graph["3"]["inputs"]
    del inputs["seed"], inputs["denoise"]
    inputs |= {
        "add_noise": "disable",
        "noise_seed": 2**64 - 1,
        "steps": 4,
        "start_at_step": 1,
        "end_at_step": 10000,
        "return_with_leftover_noise": "enable",
    }
    graph["3"]["class_type"] = "KSamplerAdvanced"
    _shown(engine, graph, "7")
    (drawn,) = engine.model.drawn
    assert (drawn.seed, drawn.start_step, drawn.end_step) == (2**64 - 1, 1, 4)
    assert (drawn.add_noise, drawn.return_with_leftover_noise) == (False, True)


def test_a_prompt_partly_unknown_is_drawn_with_a_warning_each_time(engine: LiveEngine) -> None:
    graph = drawing(f"a chair {UNKNOWN}")
    for _ in range(2):
        prompt_id, heard = engine.run(graph)
        (told,) = [m["data"] for m in heard if m["type"] == "darkroom_warning"]
        assert (told["node_id"], told["unknown_words"]) == ("9", [UNKNOWN])
        entry = engine.history(prompt_id)
        assert entry["status"]["status_str"] == "success"
        assert ["darkroom_warning", told] in entry["status"]["messages"]


def test_a_prompt_wholly_unknown_is_an_error(engine: LiveEngine) -> None:
    error = _failed(engine, drawing(UNKNOWN))
    assert error["node_id"] == "3"
    assert error["exception_type"].endswith("NothingUnderstoodError")
    assert UNKNOWN in error["exception_message"]
    assert engine.model.drawn == []


def test_a_negative_prompt_wholly_unknown_only_warns(engine: LiveEngine) -> None:
    prompt_id, _ = engine.run(drawing("a chair", UNKNOWN))
    status = engine.history(prompt_id)["status"]
    assert status["status_str"] == "success"
    assert dict(status["messages"])["darkroom_warning"]["node_id"] == "10"


def test_an_empty_prompt_is_fine(engine: LiveEngine) -> None:
    _, heard = engine.run(drawing(" "))
    assert "execution_success" in {m["type"] for m in heard}
    assert "darkroom_warning" not in {m["type"] for m in heard}


def test_a_deleted_output_is_still_named_by_a_cached_run(engine: LiveEngine) -> None:
    first, _ = engine.run(plain())
    written = engine.history(first)["outputs"]["2"]["images"][0]
    (engine.engine.folders.root / "output" / written["filename"]).unlink()
    prompt_id, _ = engine.run(plain())
    saved = engine.history(prompt_id)["outputs"]["2"]["images"][0]
    assert saved == written
    assert engine.get("/view", params=saved).status_code == 404


def test_a_failed_node_keeps_the_results_before_it(engine: LiveEngine) -> None:
    engine.run(drawing(UNKNOWN))
    _, heard = engine.run(drawing(UNKNOWN))
    cached = next(m for m in heard if m["type"] == "execution_cached")["data"]["nodes"]
    assert cached == ["1", "5", "9", "10"]
