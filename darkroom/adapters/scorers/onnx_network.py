"""One converted file, open in onnxruntime.

Owns that a file is what it should be: its digest first, then what it says of itself
in its metadata, whatever its name.
"""

import json
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkroom.adapters.scorers.weights_folder import NeededFile, WeightsFolder
from darkroom.core.errors import DataError

FORMAT = "darkroom.onnx/1"
CLIP_IMAGE, CLIP_TEXT = "clip-image", "clip-text"
KINDS = {
    "nima": "nima",
    "topiq_nr": "topiq_nr",
    "laion_aesthetic": "aesthetic-head",
    "clip_adherence": CLIP_TEXT,
}
"""What the own file of a model must be, by the model's name in the table of metrics."""
_GRAPHICS = "CUDAExecutionProvider"
_NO_MEMORY = ("out of memory", "Failed to allocate memory", "bad allocation")
_FAULT_NAMES = (
    "Fail",
    "InvalidArgument",
    "InvalidGraph",
    "InvalidProtobuf",
    "NotImplemented",
    "RuntimeException",
)
Rows = NDArray[np.float32]


class Network:
    """A network, its session, and what its file says about it."""

    def __init__(self, folder: WeightsFolder, file: NeededFile, kind: str, device: str) -> None:
        runtime: Any = import_module("onnxruntime")  # it tells no types
        options = runtime.SessionOptions()
        options.log_severity_level = 3
        providers = ["CPUExecutionProvider"]
        if device != "cpu" and _GRAPHICS in runtime.get_available_providers():
            providers.insert(0, _GRAPHICS)
        data = folder.verified_bytes(file)
        try:
            self._session: Any = runtime.InferenceSession(data, options, providers=providers)
            said: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        except (RuntimeError, ValueError, *_faults()) as exc:
            raise _refused(file, f"cannot be opened ({type(exc).__name__})") from exc
        if said.get("format") != FORMAT or said.get("kind") != kind:
            raise _refused(file, f"is no {kind} converted by Darkroom")
        self.about: dict[str, Any] = json.loads(said["about"])

    def run(self, batch: NDArray[Any]) -> Rows:
        """The outputs for a batch, one row each; MemoryError when it is too large."""
        name = self._session.get_inputs()[0].name
        try:
            return np.asarray(self._session.run(None, {name: batch})[0], np.float32)
        except _faults() as exc:
            if any(text in str(exc) for text in _NO_MEMORY):
                raise MemoryError(str(exc)[:200]) from exc
            raise


def _faults() -> tuple[type[Exception], ...]:
    """What onnxruntime raises; its classes share no ancestor but Exception."""
    state: Any = import_module("onnxruntime.capi.onnxruntime_pybind11_state")
    return tuple(getattr(state, name) for name in _FAULT_NAMES)


def _refused(file: NeededFile, why: str) -> DataError:
    return DataError("weights-refused", f"{file.file} {why}", where=file.file)
