"""The images of an analysis as arrays: a code per axis, a column per word, who failed.

Owns the one shape that reading fills and counting works on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from darkroom.core.patterns import Item, Rows

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Axis:
    """One thing every image has one value of; code 0 stands for none, or one too rare."""

    name: str
    values: tuple[str, ...]
    """The value of each code, from 1 up."""
    codes: Codes
    looked_at: int = 1
    """So many ways to part its values were looked at, failures in view, before this was chosen."""

    @property
    def size(self) -> int:
        """How many codes there are, 0 included."""
        return len(self.values) + 1

    def item(self, code: int) -> Item:
        """What a code means."""
        return Item(self.name, self.values[code - 1])


@dataclass(frozen=True)
class Table:
    """All images of an analysis, one row each."""

    keys: Sequence[str]
    failed: Mask
    runs: Codes
    """From 0 up."""
    axes: tuple[Axis, ...]
    words: tuple[Item, ...]
    """What an image may have several of: words of its prompt, LoRAs."""
    has_word: Mask
    """One row per image, one column per word."""
    categories: Sequence[str | None]
    twins: Codes | None = None
    """Images of one number have everything in common, the seed too; None where none has."""

    @property
    def count(self) -> int:
        """How many images there are."""
        return int(self.failed.size)

    @property
    def base(self) -> float:
        """The share that failed."""
        return float(self.failed.mean()) if self.count else 0.0


def axis_of(
    name: str, values: Sequence[tuple[str, Codes]], count: int, looked_at: int = 1
) -> Axis | None:
    """One axis from the images that have each value; None where there is nothing to compare."""
    if not values or (len(values) == 1 and values[0][1].size == count):
        return None
    codes = np.zeros(count, dtype=np.int64)
    for code, (_, places) in enumerate(values, 1):
        codes[places] = code
    return Axis(name, tuple(value for value, _ in values), codes, looked_at)


def bits(mask: Mask) -> Rows:
    """A mask as the bits of one whole number."""
    return int.from_bytes(np.packbits(mask, bitorder="little").tobytes(), "little")
