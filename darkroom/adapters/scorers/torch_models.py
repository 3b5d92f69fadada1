"""The measuring models of pyiqa, built without its downloads and loaded by us.

Owns one builder per model name of the metrics table. Each gives a function from a
batch of pictures (N, 3, H, W), values 0 to 1, to N numbers. pyiqa's own loading is
never used: it fetches without a checksum, runs pickles and takes files that do not fit.
"""

import contextlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darkroom.adapters.scorers.torch_checkpoints import load_strictly, mat_arrays, tensors_of
from darkroom.adapters.scorers.torch_extra import extra
from darkroom.adapters.scorers.weights_folder import NeededFile, WeightsFolder, needed_by
from darkroom.core.errors import DataError, UsageError
from darkroom.core.scoring.metrics import MetricSpec

Measure = Callable[[Any], Any]
_FEATURES = 36
_BRISQUE_PARTS = 2
_RUNS_CODE = frozenset({".py", ".bin", ".pt", ".pth", ".pkl", ".ckpt", ".so"})


@dataclass(frozen=True)
class Network:
    """An architecture of pyiqa and the arguments its published checkpoint was made with."""

    module: str
    name: str
    arguments: dict[str, Any]


NETWORKS = {
    "nima": Network(
        "pyiqa.archs.nima_arch",
        "NIMA",
        {"base_model_name": "inception_resnet_v2", "num_classes": 10, "pretrained": False},
    ),
    "topiq_nr": Network(
        "pyiqa.archs.topiq_arch",
        "CFANet",
        {
            "semantic_model_name": "resnet50",
            "use_ref": False,
            "backbone_pretrain": False,
            "pretrained": False,
        },
    ),
    "musiq": Network("pyiqa.archs.musiq_arch", "MUSIQ", {"pretrained": False, "num_class": 1}),
}


def build(spec: MetricSpec, folder: WeightsFolder, device: str) -> tuple[Measure, str]:
    """The function that measures, and the device its pictures must be on."""
    files = needed_by(spec)
    match spec.model:
        case "brisque":
            return _brisque(folder, files[0]), "cpu"
        case "niqe":
            return _niqe(folder, files[0]), "cpu"
        case "piqe":
            return _piqe(), "cpu"
        case "qrealign-mini":
            return _qrealign(folder, files[0], device), device
        case name if name in NETWORKS:
            return network(NETWORKS[name], folder, files[0]).to(device), device
        case _:
            message = f"no code of the torch tier measures {spec.model!r}"
            raise UsageError("models-unknown-metric", message, where=spec.name)


def network(kind: Network, folder: WeightsFolder, file: NeededFile) -> Any:
    """A network with the tensors of its checkpoint."""
    tensors = tensors_of(folder.verified_bytes(file), file.file)
    with _no_backbones():
        model = getattr(extra(kind.module), kind.name)(**kind.arguments)
    return load_strictly(model, tensors, file.file)


@contextlib.contextmanager
def _no_backbones() -> Generator[None]:
    """Let timm make empty backbones: the checkpoint holds theirs, and some ask for a download."""
    timm = extra("timm")
    real = timm.create_model

    def empty(name: str, pretrained: bool = False, **arguments: Any) -> Any:
        return real(name, pretrained=False, **arguments)

    timm.create_model = empty
    try:
        yield
    finally:
        timm.create_model = real


def _brisque(folder: WeightsFolder, file: NeededFile) -> Measure:
    brisque = extra("pyiqa.archs.brisque_arch").brisque
    found = tensors_of(folder.verified_bytes(file), file.file)
    shapes = [tuple(getattr(one, "shape", ())) for one in found]
    if len(shapes) != _BRISQUE_PARTS or shapes[1] != (*shapes[0], _FEATURES):
        message = f"{file.file} does not hold coefficients and vectors of {_FEATURES} features"
        raise DataError("weights-refused", message, where=file.file)
    coefficients, vectors = found
    return lambda batch: brisque(batch, sv_coef=coefficients, sv=vectors)


def _niqe(folder: WeightsFolder, file: NeededFile) -> Measure:
    torch, niqe = extra("torch"), extra("pyiqa.archs.niqe_arch").calculate_niqe
    names = ("mu_prisparam", "cov_prisparam")
    mean, covariance = mat_arrays(folder.verified_bytes(file), file.file, names)
    if mean.size != _FEATURES or covariance.shape != (_FEATURES, _FEATURES):
        message = f"{file.file} does not hold a Gaussian of {_FEATURES} features"
        raise DataError("weights-refused", message, where=file.file)
    gaussian = {
        "mu_pris_param": torch.from_numpy(mean.ravel()),
        "cov_pris_param": torch.from_numpy(covariance),
    }
    return lambda batch: niqe(batch, **gaussian)


def _piqe() -> Measure:
    piqe = extra("pyiqa.archs.piqe_arch").piqe
    return lambda batch: piqe(batch)[0]


def _qrealign(folder: WeightsFolder, file: NeededFile, device: str) -> Measure:
    path = folder.verified(file)
    if unsafe := sorted(part.name for part in _all_files(path) if part.suffix in _RUNS_CODE):
        message = f"{file.file} holds {', '.join(unsafe[:5])}; only safetensors are read"
        raise DataError("weights-refused", message, where=file.file)
    try:
        return extra("pyiqa.archs.qrealign_arch").QReAlign(model=str(path)).to(device).eval()
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as exc:
        message = f"{file.file} cannot be loaded ({type(exc).__name__}: {str(exc)[:200]})"
        raise DataError("weights-refused", message, where=file.file) from exc


def _all_files(path: Path) -> list[Path]:
    return [part for part in path.rglob("*") if part.is_file()]
