"""How far two pictures are apart, pixel by pixel.

Owns the three numbers; what follows from them is the caller's business.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
_MOST = 255


@dataclass(frozen=True)
class PixelDifference:
    """What differs between two pictures of one size."""

    largest: int
    """Of any value of any pixel, of 255."""
    share: float
    """Of pixels that differ at all."""
    psnr_db: float | None
    """None where nothing differs."""


def pixel_difference(first: Pixels, second: Pixels) -> PixelDifference | None:
    """Compare two pictures; None where their sizes differ."""
    if first.shape != second.shape:
        return None
    apart = np.abs(first.astype(np.int16) - second)
    largest = int(apart.max(initial=0))
    if not largest:
        return PixelDifference(0, 0.0, None)
    square = float((apart.astype(np.float64) ** 2).mean())
    share = float(apart.any(axis=2).mean())
    return PixelDifference(largest, share, 10 * math.log10(_MOST**2 / square))
