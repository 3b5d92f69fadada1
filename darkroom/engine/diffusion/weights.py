"""The shipped weights: which there are, and loading them only when they are intact.

Owns the folder of weights and its table of checksums. Files are plain ONNX graphs
and numpy arrays; nothing is unpickled.
"""

import hashlib
import io
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from darkroom.core.errors import DataError

FOLDER = Path(__file__).parent.parent / "weights"
THREADS = 2

Weights = dict[str, NDArray[np.floating[Any]]]


@cache
def _checksums() -> dict[str, str]:
    lines = (FOLDER / "SHA256SUMS").read_text().splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def checked_bytes(name: str) -> bytes:
    """The bytes of a shipped file, after comparing them with the committed checksum."""
    data = (FOLDER / name).read_bytes()
    if hashlib.sha256(data).hexdigest() != _checksums().get(name):
        raise DataError("engine-weights-damaged", f"{name} is not the file that was shipped")
    return data


@cache
def arrays(name: str) -> Weights:
    """The arrays of a shipped .npz file, in single precision."""
    with np.load(io.BytesIO(checked_bytes(name)), allow_pickle=False) as stored:
        return {key: stored[key].astype(np.float32) for key in stored.files}


def session(graph: str, weights: Weights, threads: int = THREADS) -> onnxruntime.InferenceSession:
    """An inference session over a shipped graph with these weights put in."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # idle threads must not burn the cores that the rest of the house needs
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in weights.values()]
    options.add_external_initializers(list(weights), values)
    return onnxruntime.InferenceSession(
        checked_bytes(graph), options, providers=["CPUExecutionProvider"]
    )
