"""The pair that comes with Darkroom, as an embedder: it knows the shape world and nothing else."""

from collections.abc import Sequence

import numpy as np

from darkroom.adapters.embeddings.protocol import ModelIdentity, Pixels, Rows
from darkroom.adapters.embeddings.shapeworld import (
    DIMENSIONS,
    embed_captions,
    embed_pictures,
    weights_sha256,
)

NAME = "shapeworld"


class ShapeworldEmbedder:
    """The learned pair, one picture at a time."""

    def __init__(self) -> None:
        self.identity = ModelIdentity(NAME, weights_sha256(), DIMENSIONS)

    def pictures(self, pictures: Sequence[Pixels]) -> Rows:
        """One row per picture; alone, because the last digits follow from a batch's size."""
        return np.concatenate([embed_pictures([picture]) for picture in pictures])

    def texts(self, texts: Sequence[str]) -> Rows:
        """One row per text; words outside the shape world all mean the same."""
        return embed_captions(list(texts))
