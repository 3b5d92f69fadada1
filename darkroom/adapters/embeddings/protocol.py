"""What every model that turns pictures and texts into vectors has in common.

Owns the identity that keeps vectors of different weights apart, and the protocol. Whether
vectors are kept, and where, is the business of `vector_file`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
Pixels = NDArray[np.uint8]
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,60}\Z")


@dataclass(frozen=True)
class ModelIdentity:
    """A model by its name and its weights; vectors of two identities are never compared."""

    name: str
    weights_sha256: str
    dimensions: int

    def __post_init__(self) -> None:
        assert _NAME.match(self.name), self.name  # it names a folder

    @property
    def slug(self) -> str:
        """How folders and locks name it."""
        return f"{self.name}-{self.weights_sha256[:16]}"


class Embedder(Protocol):
    """Turns pictures and texts into unit vectors of one space."""

    @property
    def identity(self) -> ModelIdentity:
        """What makes its vectors comparable."""
        ...

    def pictures(self, pictures: Sequence[Pixels]) -> Rows:
        """One row per upright RGB picture; the same picture gives the same row in any company."""
        ...

    def texts(self, texts: Sequence[str]) -> Rows:
        """One row per text."""
        ...
