"""Weights of the true architectures and sizes with random values: they cost what true ones cost."""

from pathlib import Path
from typing import Any

import numpy as np

from darkroom.adapters.scorers.specs import metric_table
from darkroom.adapters.scorers.torch_extra import extra
from darkroom.adapters.scorers.torch_models import NETWORKS
from darkroom.adapters.scorers.weights_folder import WeightsFolder

MODELS = ("brisque", "niqe", "piqe", "nima", "topiq_nr")


def write(folder: Path) -> None:
    """Every file the measured metrics need, and their digests."""
    torch, chance = extra("torch"), np.random.default_rng(0)
    _put(folder, "brisque", (torch.rand(774) - 0.5, torch.rand(774, 36) * 2 - 1))
    mixed = chance.normal(size=(36, 36))
    gaussian = {
        "mu_prisparam": chance.uniform(0.2, 2, (1, 36)),
        "cov_prisparam": mixed @ mixed.T / 36 + np.eye(36) * 0.05,
    }
    path = _path(folder, "niqe")
    path.parent.mkdir(parents=True, exist_ok=True)
    extra("scipy.io").savemat(path, gaussian)
    _without_downloads()
    for model in ("nima", "topiq_nr"):
        kind = NETWORKS[model]
        made = getattr(extra(kind.module), kind.name)(**kind.arguments)
        _put(folder, model, {"params": made.state_dict()})
    listed = WeightsFolder(folder)
    for model in MODELS:
        if (file := _spec(model).weight_file) is not None:
            listed.take_down(file)


def _without_downloads() -> None:
    timm = extra("timm")
    real = timm.create_model

    def empty(name: str, pretrained: bool = False, **arguments: Any) -> Any:
        return real(name, pretrained=False, **arguments)

    timm.create_model = empty


def _spec(model: str) -> Any:
    return next(spec for spec in metric_table().in_tier("torch") if spec.model == model)


def _path(folder: Path, model: str) -> Path:
    return folder / str(_spec(model).weight_file)


def _put(folder: Path, model: str, content: Any) -> None:
    path = _path(folder, model)
    path.parent.mkdir(parents=True, exist_ok=True)
    extra("torch").save(content, path)
