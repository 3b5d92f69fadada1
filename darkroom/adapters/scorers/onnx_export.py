"""`python -m darkroom.adapters.scorers.onnx_export`: one network of the torch tier as an onnx file.

Owns the conversion and its proof: what was written is run and compared with torch
before it counts. Runs in a process of its own, for torch lives nowhere else. The file
holds the same weights under the same terms, so it is made where it is used.
"""

import argparse
import json
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from darkroom.adapters.scorers.onnx_network import CLIP_IMAGE, CLIP_TEXT, FORMAT
from darkroom.adapters.scorers.onnx_pixels import TOPIQ_MULTIPLE
from darkroom.adapters.scorers.onnx_text import described
from darkroom.adapters.scorers.resident_offline import forbid_network
from darkroom.adapters.scorers.torch_clip import Clip, aesthetic_head
from darkroom.adapters.scorers.torch_extra import extra, prepare
from darkroom.adapters.scorers.torch_models import NETWORKS, network
from darkroom.adapters.scorers.weights_folder import NeededFile, WeightsFolder
from darkroom.core.errors import DarkroomError, DataError

TOLERANCE = 1e-4
"""How far a converted network may be from torch, relative to the size of its values."""
_MOST = 2048
_BATCH = 2


@dataclass(frozen=True)
class Converted:
    """A network ready to be written: what computes, on what, and what the file says."""

    kind: str
    module: Any
    example: Any
    dynamic: dict[int, Any]
    about: dict[str, Any] = field(default_factory=dict[str, Any])


def nima(folder: WeightsFolder, file: NeededFile) -> Converted:
    """Pictures of one size, already cut to the middle."""
    model = network(NETWORKS["nima"], folder, file)
    side = int(model.base_model.default_cfg["input_size"][-1])
    example = extra("torch").rand(_BATCH, 3, side, side)
    return Converted("nima", model, example, _any_batch(), {"side": side})


def topiq_nr(folder: WeightsFolder, file: NeededFile) -> Converted:
    """Pictures of any size that is a multiple of 32."""
    torch, model = extra("torch"), network(NETWORKS["topiq_nr"], folder, file)
    most = _MOST // TOPIQ_MULTIPLE
    sides = [TOPIQ_MULTIPLE * torch.export.Dim(name, min=2, max=most) for name in ("h", "w")]
    example = torch.rand(_BATCH, 3, 256, 320)
    return Converted("topiq_nr", model, example, _any_batch() | {2: sides[0], 3: sides[1]})


def clip_image(folder: WeightsFolder, file: NeededFile) -> Converted:
    """Pictures as unit vectors."""
    clip = Clip(folder, file, "cpu")
    example = extra("torch").rand(_BATCH, 3, clip.size, clip.size)
    module = _called(clip.model, "encode_image")
    return Converted(CLIP_IMAGE, module, example, _any_batch(), {"side": clip.size})


def clip_text(folder: WeightsFolder, file: NeededFile) -> Converted:
    """Texts as unit vectors; the vocabulary goes into the file."""
    clip = Clip(folder, file, "cpu")
    words = clip.tokenizer
    about = described(words.encoder, list(words.bpe_ranks), clip.model.context_length)
    example = words(["a red cat", "a city at night"])
    return Converted(CLIP_TEXT, _called(clip.model, "encode_text"), example, _any_batch(), about)


def head(folder: WeightsFolder, file: NeededFile) -> Converted:
    """Unit vectors of pictures to ratings."""
    torch = extra("torch")
    module = aesthetic_head(folder, file, None, "cpu")
    example = torch.nn.functional.normalize(torch.randn(_BATCH, module[0].in_features), dim=-1)
    return Converted("aesthetic-head", module, example, _any_batch())


RECIPES: dict[str, Callable[[WeightsFolder, NeededFile], Converted]] = {
    "nima": nima,
    "topiq_nr": topiq_nr,
    "clip-image": clip_image,
    "clip-text": clip_text,
    "aesthetic-head": head,
}


def write(converted: Converted, path: Path) -> float:
    """Write the file and prove it; returns how far its values are from torch's."""
    torch = extra("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about its own parts
        program = torch.onnx.export(
            converted.module,
            (converted.example,),
            dynamo=True,
            verbose=False,
            input_names=["batch"],
            dynamic_shapes=(converted.dynamic,),
        )
    model = program.model_proto
    about = {"format": FORMAT, "kind": converted.kind, "about": json.dumps(converted.about)}
    for key, value in about.items():
        model.metadata_props.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())
    return _proven(converted, path)


def _proven(converted: Converted, path: Path) -> float:
    runtime = extra("onnxruntime")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for batch in (converted.example, converted.example[:1]):
        expected = converted.module(batch).detach().numpy()
        found = session.run(None, {"batch": batch.numpy()})[0]
        size = max(float(np.abs(expected).max()), 1e-6)
        worst = max(worst, float(np.abs(found - expected).max()) / size)
    if not worst <= TOLERANCE:
        message = f"the converted {converted.kind} is {worst:.1e} away from torch"
        raise DataError("weights-not-converted", message, where=path.name)
    return worst


def _any_batch() -> dict[int, Any]:
    return {0: extra("torch").export.Dim("n", min=1, max=256)}


def _called(model: Any, method: str) -> Any:
    """A module that does what one method of another does."""
    module: Any = extra("torch").nn.Module

    class Called(module):
        def __init__(self) -> None:
            module.__init__(self)
            self.inner = model

        def forward(self, batch: Any) -> Any:
            return getattr(self.inner, method)(batch, normalize=True)

    return Called().eval()


def main() -> None:
    """Convert one file; the answer is one JSON object on the last line."""
    parser = argparse.ArgumentParser(description="Converts one network.")
    for name, kind in {"weights": Path, "recipe": str, "file": str, "to": Path}.items():
        parser.add_argument(f"--{name}", type=kind, required=True)
    asked = parser.parse_args()
    forbid_network()
    file = NeededFile(asked.file, None, None, "")
    try:
        prepare(asked.weights)
        converted = RECIPES[asked.recipe](WeightsFolder(asked.weights), file)
        said: dict[str, Any] = {"difference": write(converted, asked.to)}
    except DarkroomError as error:
        said = {"error": error.as_dict()}
    sys.stdout.write("\n" + json.dumps(said) + "\n")


if __name__ == "__main__":
    main()
