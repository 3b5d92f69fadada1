"""open_clip's model as an embedder, from the files `darkroom weights convert` makes.

Owns which two files it is made of. It runs in onnxruntime alone: torch lives in the
scoring process and nowhere else.
"""

import hashlib
from collections.abc import Sequence

import numpy as np

from darkroom.adapters.embeddings.protocol import ModelIdentity, Pixels, Rows
from darkroom.adapters.scorers.onnx_network import CLIP_IMAGE, CLIP_TEXT, Network
from darkroom.adapters.scorers.onnx_pixels import clip_pixels
from darkroom.adapters.scorers.onnx_text import ClipTokenizer
from darkroom.adapters.scorers.specs import metric_table
from darkroom.adapters.scorers.weights_folder import (
    NeededFile,
    WeightsFolder,
    needed_by,
    reason,
)
from darkroom.core.errors import UsageError

NAME = "clip"
_METRIC = "clip_score"


def clip_files() -> tuple[NeededFile, NeededFile]:
    """The networks for texts and for pictures, as the metric that scores prompts names them."""
    spec = metric_table().find(_METRIC, "onnx")
    assert spec is not None  # a shipped file of ours
    texts, pictures = needed_by(spec)
    return texts, pictures


def why_no_clip(folder: WeightsFolder) -> str | None:
    """Why the model cannot be had here, or None."""
    return next((why for one in clip_files() if (why := reason(folder.look(one)))), None)


class ClipEmbedder:
    """Both halves of one CLIP."""

    def __init__(self, folder: WeightsFolder, device: str = "cpu") -> None:
        if why := why_no_clip(folder):
            raise UsageError("vectors-model", f"{NAME} cannot be used here: {why}", where=NAME)
        texts, pictures = clip_files()
        self._texts = Network(folder, texts, CLIP_TEXT, device)
        self._pictures = Network(folder, pictures, CLIP_IMAGE, device)
        self._tokenizer = ClipTokenizer(self._texts.about)
        self._side = int(self._pictures.about["side"])
        digests = "".join(str(folder.look(one).sha256) for one in (pictures, texts))
        weights = hashlib.sha256(digests.encode()).hexdigest()
        dimensions = int(self.texts([""]).shape[1])
        self.identity = ModelIdentity(NAME, weights, dimensions)

    def pictures(self, pictures: Sequence[Pixels]) -> Rows:
        """One row per picture; alone, because the last digits follow from a batch's size."""
        planes = (clip_pixels(picture, self._side)[None] for picture in pictures)
        return np.concatenate([self._pictures.run(one) for one in planes])

    def texts(self, texts: Sequence[str]) -> Rows:
        """One row per text; what is too long for the model is cut."""
        return self._texts.run(self._tokenizer(texts))
