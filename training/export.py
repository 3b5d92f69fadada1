"""Write a trained network as the two files the engine reads: graph and weights.

    python -m training.export denoiser --size base --weights FILE.pt
    python -m training.export decoder --weights FILE.pt

Owns the shipped form: `NAME.onnx` holds the graph alone, `NAME.npz` the weights
in half precision under their own names, so that a style file can be added to
them before loading. The checksums of the folder are rewritten each time.
"""

import argparse
import hashlib
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, external_data_helper, helper, numpy_helper
from torch import Tensor, nn

from darkroom.core.world.facts import FIELD_COUNT
from training import pair_network
from training.network import DATA_SPREAD, LATENT_SIDE, SHAPES, Decoder, Denoiser

_PACKAGE = Path(__file__).parent.parent / "darkroom"
WEIGHTS = _PACKAGE / "engine" / "weights"
PAIR_WEIGHTS = _PACKAGE / "adapters" / "embeddings" / "weights"


class AtNoise(nn.Module):
    """The denoiser as the samplers call it: a noisy picture and sigma in, the clean one out."""

    def __init__(self, network: Denoiser) -> None:
        super().__init__()
        self.network = network

    def forward(self, noisy: Tensor, sigma: Tensor, fields: Tensor) -> Tensor:
        """As torch calls it."""
        scale = (DATA_SPREAD**2 + sigma**2).rsqrt()[:, None, None, None]
        return self.network(noisy * scale, sigma / (1 + sigma), fields)


def _export(network: nn.Module, inputs: dict[str, Tensor], output: str, target: Path) -> None:
    """The graph as torch writes it, with a free batch size."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.float().eval(),
            tuple(inputs.values()),
            str(target),
            input_names=list(inputs),
            output_names=[output],
            dynamic_axes={key: {0: "batch"} for key in (*inputs, output)},
            opset_version=18,
            do_constant_folding=False,
            dynamo=False,
        )


def write(network: nn.Module, inputs: dict[str, Tensor], output: str, name: str) -> None:
    """Export one network of the engine, weights apart from the graph."""
    WEIGHTS.mkdir(parents=True, exist_ok=True)
    target = WEIGHTS / f"{name}.onnx"
    _export(network, inputs, output, target)
    model = onnx.load(target)
    weights = _taken_out(model)
    onnx.save(model, target)
    np.savez(WEIGHTS / f"{name}.npz", **weights)
    write_checksums()


def _taken_out(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Turn large float weights into references and give them back in half precision."""
    weights = {}
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 16:
            continue
        weights[tensor.name] = values.astype(np.float16)
        external_data_helper.set_external_data(tensor, location="weights", length=values.nbytes)
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
    return weights


def write_checksums(folder: Path = WEIGHTS) -> None:
    """Rewrite the table of sha256 sums that is checked before use."""
    files = sorted(p for p in folder.iterdir() if p.suffix in (".onnx", ".npz"))
    lines = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in files]
    (folder / "SHA256SUMS").write_text("".join(lines))


def export_pair(picture: nn.Module, caption: nn.Module) -> None:
    """Write both encoders as single files; their weights are widened when they are loaded."""
    side, words = pair_network.PICTURE_SIDE, pair_network.CAPTION_WORDS
    rows = {
        "picture": (picture, torch.randn(2, 3, side, side)),
        "caption": (caption, torch.ones(2, words, dtype=torch.int64)),
    }
    PAIR_WEIGHTS.mkdir(parents=True, exist_ok=True)
    for name, (network, example) in rows.items():
        target = PAIR_WEIGHTS / f"shapeworld_{name}.onnx"
        key = "numbers" if name == "caption" else name
        _export(network, {key: example}, "vector", target)
        model = onnx.load(target)
        _halve(model)
        onnx.save(model, target)
    write_checksums(PAIR_WEIGHTS)


def _halve(model: onnx.ModelProto) -> None:
    """Store large weights in half precision, with a cast that is folded when loading."""
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size >= 16:
            name = tensor.name
            half = numpy_helper.from_array(values.astype(np.float16), f"{name}.half")
            tensor.CopyFrom(half)
            casts.append(helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)


def export_denoiser(size: str, weights: dict[str, Tensor]) -> None:
    """Write `shapeworld_SIZE`."""
    network = Denoiser(SHAPES[size])
    network.load_state_dict(weights)
    inputs = {
        "noisy": torch.randn(2, 3, LATENT_SIDE, LATENT_SIDE),
        "sigma": torch.tensor([1.0, 5.0]),
        "fields": torch.ones(2, FIELD_COUNT, dtype=torch.int64),
    }
    write(AtNoise(network), inputs, "clean", f"shapeworld_{size}")


def export_decoder(weights: dict[str, Tensor]) -> None:
    """Write `shapeworld_decoder`."""
    network = Decoder()
    network.load_state_dict(weights)
    inputs = {"small": torch.randn(2, 3, LATENT_SIDE, LATENT_SIDE)}
    write(network, inputs, "picture", "shapeworld_decoder")


def main() -> None:
    """Export what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("denoiser", "decoder"))
    parser.add_argument("--size", choices=sorted(SHAPES), default="base")
    parser.add_argument("--weights", type=Path, required=True)
    arguments = parser.parse_args()
    weights = torch.load(arguments.weights)
    if arguments.what == "denoiser":
        export_denoiser(arguments.size, weights)
    else:
        export_decoder(weights)


if __name__ == "__main__":
    main()
