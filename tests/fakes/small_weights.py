"""Small random weights in the real formats, for the real loading code.

Needs the extra `models`; imported only by tests that are marked so.
"""

import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from darkroom.adapters.scorers import torch_clip, torch_models
from darkroom.adapters.scorers.specs import metric_table
from darkroom.adapters.scorers.torch_extra import extra
from darkroom.adapters.scorers.weights_folder import WeightsFolder, needed_by
from darkroom.core.scoring.metrics import MetricSpec

__all__ = ["Image", "extra"]

TINY_CLIP = {
    "embed_dim": 64,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 64, "layers": 2, "width": 64, "head_width": 32, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}
SMALL_NETWORKS: dict[str, dict[str, Any]] = {
    "nima": {"base_model_name": "mobilenetv3_small_050", "num_classes": 10, "pretrained": False},
    "topiq_nr": {
        "semantic_model_name": "resnet18",
        "inter_dim": 64,
        "use_ref": False,
        "backbone_pretrain": False,
        "pretrained": False,
    },
    "musiq": {
        "pretrained": False,
        "num_class": 1,
        "hidden_size": 24,
        "num_layers": 1,
        "mlp_dim": 32,
    },
}


def torch_spec(model: str) -> MetricSpec:
    return next(spec for spec in metric_table().in_tier("torch") if spec.model == model)


def shrink(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let the loading code expect small architectures."""
    for name, arguments in SMALL_NETWORKS.items():
        small = dataclasses.replace(torch_models.NETWORKS[name], arguments=arguments)
        patch.setitem(torch_models.NETWORKS, name, small)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny-clip.json").write_text(json.dumps(TINY_CLIP))
    extra("open_clip").add_model_config(folder / "tiny-clip.json")
    patch.setattr(torch_clip, "ARCHITECTURE", "tiny-clip")


def write_all(folder: Path) -> None:
    """Every file the torch metrics need but the large language models, small and listed."""
    torch = extra("torch")
    torch.manual_seed(0)
    _write_classic(folder)
    for name, kind in torch_models.NETWORKS.items():
        with torch_models._no_backbones():  # pyright: ignore[reportPrivateUsage]
            model = getattr(extra(kind.module), kind.name)(**kind.arguments)
        state = model.state_dict()
        put(folder, torch_spec(name), state if name == "musiq" else {"params": state})
    clip = extra("open_clip").CLIP(**TINY_CLIP)
    path = folder / needed_by(torch_spec("clip_adherence"))[0].file
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.contiguous() for name, value in clip.state_dict().items()}
    extra("safetensors.torch").save_file(tensors, path)
    put(folder, torch_spec("laion_aesthetic"), head_tensors(64))
    listed(folder)


def head_tensors(width: int) -> dict[str, Any]:
    """LAION's head as published: five linear layers, dropout between some of them."""
    torch, tensors = extra("torch"), dict[str, Any]()
    for place, size in {0: 1024, 2: 128, 4: 64, 6: 16, 7: 1}.items():
        tensors[f"layers.{place}.weight"] = torch.randn(size, width) / width**0.5
        tensors[f"layers.{place}.bias"] = torch.full((size,), 0.3)
        width = size
    return tensors


def put(folder: Path, spec: MetricSpec, content: Any) -> Path:
    """Write a metric's own file as torch does."""
    path = folder / needed_by(spec)[0].file
    path.parent.mkdir(parents=True, exist_ok=True)
    extra("torch").save(content, path)
    return path


def listed(folder: Path) -> None:
    """Take down the digests of all files that are there."""
    for spec in metric_table().metrics:
        for needed in needed_by(spec):
            WeightsFolder(folder).look(needed, listing=True)


def _write_classic(folder: Path) -> None:
    torch, chance = extra("torch"), np.random.default_rng(0)
    put(folder, torch_spec("brisque"), (torch.rand(50) - 0.5, torch.rand(50, 36) * 2 - 1))
    mixed = chance.normal(size=(36, 36))
    path = folder / needed_by(torch_spec("niqe"))[0].file
    gaussian = {
        "mu_prisparam": chance.uniform(0.2, 2, (1, 36)),
        "cov_prisparam": mixed @ mixed.T / 36 + np.eye(36) * 0.05,
    }
    extra("scipy.io").savemat(path, gaussian)


def png(rgb: np.ndarray[Any, Any]) -> bytes:
    """The picture as a file."""
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG")
    return file.getvalue()


def picture(width: int = 160, height: int = 128, seed: int = 0) -> np.ndarray[Any, Any]:
    """Something with edges, planes and texture."""
    chance = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    base = 90 + 60 * np.sin(rows / 9 + seed) + 40 * np.cos(columns / 14)
    base[(rows // 24 + columns // 24) % 2 == 0] += 30
    noisy = base[..., None] + chance.normal(0, 6, (height, width, 3)) + [0, 10, -10]
    return noisy.clip(0, 255).astype(np.uint8)
