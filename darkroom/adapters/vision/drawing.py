"""Draw a scene of the shape world exactly, at any size.

Owns rasterising outlines. It is the truth that training pictures are made of
and that the measuring judge compares with; the engine never uses it.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from darkroom.core.world.scene import Scene
from darkroom.core.world.shapes import OUTLINES
from darkroom.core.world.vocabulary import BACKGROUNDS, COLOURS

_FINE_SIDE = 512  # outlines are filled on about this grid, then averaged down
_SUBPIXEL_BITS = 4


def cover(shape: str, centre: tuple[float, float], radius: float, side: int) -> NDArray[np.float32]:
    """How much of each pixel a shape covers, 0 to 1; lengths in pixels of the result."""
    factor = max(1, min(8, _FINE_SIDE // side))
    points = (np.asarray(OUTLINES[shape]) * radius + centre) * factor - 0.5
    fine = np.zeros((side * factor, side * factor), np.uint8)
    corners = np.round(points * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(fine, [corners], 255, shift=_SUBPIXEL_BITS)
    small = cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(small / 255, np.float32)


def draw(scene: Scene, side: int, shift: NDArray[np.float64] | None = None) -> NDArray[np.uint8]:
    """The picture of a scene; `shift` is added to the colours, one row per ground and object."""
    shifts = np.zeros((len(scene.objects) + 1, 3)) if shift is None else shift
    picture = np.empty((side, side, 3), np.float32)
    picture[:] = np.clip(np.asarray(BACKGROUNDS[scene.background]) + shifts[0], 0, 255)
    for item, offset in zip(scene.objects, shifts[1:], strict=True):
        mask = cover(item.shape, (item.x * side, item.y * side), item.radius * side, side)
        colour = np.clip(np.asarray(COLOURS[item.colour]) + offset, 0, 255).astype(np.float32)
        picture += mask[..., None] * (colour - picture)
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)
