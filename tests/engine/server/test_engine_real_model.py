"""The engine with the model that is shipped, from text to pixels over HTTP."""

import io
import time
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image

from darkroom.adapters.engine_process import EngineProcess
from tests.fakes.engine_graphs import Graph, drawing

CHECKPOINT = "shapeworld_base.onnx"
PROMPT = "a large red circle"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    process = EngineProcess(tmp_path_factory.mktemp("real"))
    yield process.start().url
    process.stop()


def _graph(text: str, **sampler: Any) -> Graph:
    graph = drawing(text, **({"steps": 8, "cfg": 3.0} | sampler))
    graph["1"]["inputs"]["ckpt_name"] = CHECKPOINT
    graph["5"]["inputs"] |= {"width": 128, "height": 128}
    return graph


def _ended(url: str, graph: Graph) -> dict[str, Any]:
    answer = requests.post(f"{url}/prompt", json={"prompt": graph}, timeout=30)
    assert answer.status_code == 200, answer.text
    prompt_id = answer.json()["prompt_id"]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if entry := requests.get(f"{url}/history/{prompt_id}", timeout=30).json().get(prompt_id):
            return entry
        time.sleep(0.02)
    raise AssertionError("the job does not end")


def _picture(url: str, graph: Graph) -> np.ndarray[Any, Any]:
    entry = _ended(url, graph)
    assert entry["status"]["status_str"] == "success", entry["status"]
    saved = entry["outputs"]["7"]["images"][0]
    data = requests.get(f"{url}/view", params=saved, timeout=30).content
    return np.asarray(Image.open(io.BytesIO(data)))


def test_its_names_are_those_of_the_shipped_model(url: str) -> None:
    info = requests.get(f"{url}/object_info", timeout=60).json()
    sampler = info["KSampler"]["input"]["required"]
    assert CHECKPOINT in info["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0]
    assert {"euler", "euler_ancestral", "heun", "dpmpp_2m", "ddim"} == set(
        sampler["sampler_name"][0]
    )
    assert {"normal", "karras", "simple"} == set(sampler["scheduler"][0])


def test_a_large_red_circle_has_red_in_its_middle_and_the_same_seed_the_same_bytes(
    url: str,
) -> None:
    first = _picture(url, _graph(PROMPT))
    assert first.shape == (128, 128, 3)
    assert ((first[:, :, 0] > 150) & (first[:, :, 1] < 110) & (first[:, :, 2] < 110)).mean() > 0.02
    requests.post(f"{url}/free", json={"free_memory": True}, timeout=30)
    assert np.array_equal(first, _picture(url, _graph(PROMPT)))
    assert not np.array_equal(first, _picture(url, _graph(PROMPT, seed=2)))


def test_words_outside_the_vocabulary_are_named(url: str) -> None:
    status = _ended(url, _graph(f"{PROMPT} wearing sunglasses"))["status"]
    assert status["status_str"] == "success"
    assert "sunglasses" in dict(status["messages"])["darkroom_warning"]["unknown_words"]


def test_a_prompt_of_another_world_is_an_error(url: str) -> None:
    status = _ended(url, _graph("portrait of a knight"))["status"]
    error = dict(status["messages"])["execution_error"]
    assert error["exception_type"].endswith("NothingUnderstoodError")


def test_an_image_of_any_size_can_be_drawn_over(url: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (200, 90), "blue").save(buffer, "PNG")
    files = {"image": ("blue.png", buffer.getvalue())}
    requests.post(f"{url}/upload/image", files=files, timeout=30)
    graph = _graph(PROMPT, denoise=0.1)
    graph["4"] = {"class_type": "LoadImage", "inputs": {"image": "blue.png"}}
    graph["5"] = {"class_type": "VAEEncode", "inputs": {"pixels": ["4", 0], "vae": ["1", 2]}}
    assert _picture(url, graph)[:, :, 2].mean() > 128


def test_half_the_steps_twice_is_a_drawing(url: str) -> None:
    graph = _graph(PROMPT)
    common = {k: v for k, v in graph["3"]["inputs"].items() if k not in {"seed", "denoise"}}
    common |= {"noise_seed": 1, "return_with_leftover_noise": "enable", "add_noise": "enable"}
    first = common | {"start_at_step": 0, "end_at_step": 4}
    graph["20"] = {"class_type": "KSamplerAdvanced", "inputs": first}
    second = common | {"start_at_step": 4, "end_at_step": 10000, "add_noise": "disable"}
    second |= {"latent_image": ["20", 0], "return_with_leftover_noise": "disable"}
    graph["3"] = {"class_type": "KSamplerAdvanced", "inputs": second}
    assert np.array_equal(_picture(url, graph), _picture(url, _graph(PROMPT)))
