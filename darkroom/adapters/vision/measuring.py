"""The measuring judge: reads a picture of the shape world by its pixels.

Owns the door from pixels to `Measured`; no learning is involved. Questions and
facts are judged on that record by `darkroom.core.world`, re-exported here. It
answers unknown where a reading is not sure, and unknown is never a pass.
"""

import numpy as np
from numpy.typing import NDArray

from darkroom.adapters.vision.fitting import Fit, fit
from darkroom.adapters.vision.segmenting import SIDE, Blob, segment
from darkroom.core.errors import ImageRefused
from darkroom.core.world.answering import Answer, answer
from darkroom.core.world.measured import Measured, MeasuredObject, Read, facts_met
from darkroom.core.world.scene import RADII, size_word

__all__ = ["Answer", "Measured", "answer", "facts_met", "measure"]

_SMALLEST_SIDE = 64


def measure(pixels: NDArray[np.uint8]) -> Measured:
    """Everything seen in an RGB picture of at least 64 pixels a side."""
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:  # noqa: PLR2004
        raise ImageRefused(
            "measure-not-rgb",
            f"expected 8-bit RGB pixels, got {pixels.dtype} of shape {pixels.shape}",
        )
    if min(pixels.shape[:2]) < _SMALLEST_SIDE:
        raise ImageRefused(
            "measure-too-small",
            f"the picture has {pixels.shape[1]} x {pixels.shape[0]} pixels, "
            f"fewer than {_SMALLEST_SIDE} a side",
        )
    segments = segment(pixels)
    found = sorted(
        ((blob, fit(blob.cover)) for blob in segments.blobs), key=lambda pair: -pair[1].radius
    )
    return Measured(segments.background, tuple(_seen(*pair, count=len(found)) for pair in found))


def _seen(blob: Blob, fitted: Fit, *, count: int) -> MeasuredObject:
    radius = fitted.radius / SIDE
    return MeasuredObject(
        blob.colour,
        fitted.shape,
        _size(radius, count),
        fitted.x / SIDE,
        fitted.y / SIDE,
        radius,
    )


def _size(radius: float, count: int) -> Read:
    """The size word; unsure near the border between the two."""
    radii = RADII[min(max(count, 1), 4)]
    gap = radii["large"][0] - radii["small"][1]
    distance = abs(radius - (radii["small"][1] + radii["large"][0]) / 2)
    return Read(size_word(radius, count), float(np.clip(0.4 + 1.3 * distance / gap, 0, 1)))
