"""The models that can make vectors here, by the names people give them.

Owns the list and the choice where nobody chose: the general model where its weights are
there, else the one that comes with Darkroom.
"""

from pathlib import Path

from darkroom.adapters.embedders.clip import NAME as CLIP
from darkroom.adapters.embedders.clip import ClipEmbedder, why_no_clip
from darkroom.adapters.embedders.shapeworld_pair import NAME as SHAPEWORLD
from darkroom.adapters.embedders.shapeworld_pair import ShapeworldEmbedder
from darkroom.adapters.embeddings.protocol import Embedder
from darkroom.adapters.scorers.weights_folder import WeightsFolder
from darkroom.core.errors import UsageError

MODELS = (SHAPEWORLD, CLIP)


def usual_model(weights: Path) -> str:
    """The model that is meant where none is named."""
    return SHAPEWORLD if why_no_clip(WeightsFolder(weights)) else CLIP


def open_embedder(name: str | None, weights: Path) -> Embedder:
    """A model by its name; UsageError where there is none, or its weights are not there."""
    match name or usual_model(weights):
        case "shapeworld":
            return ShapeworldEmbedder()
        case "clip":
            return ClipEmbedder(WeightsFolder(weights))
        case other:
            message = f"no model called {other[:40]!r} makes vectors; there are {', '.join(MODELS)}"
            raise UsageError("vectors-model", message)
