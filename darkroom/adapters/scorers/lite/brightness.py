"""The brightness of a picture as floats, and cutting it into blocks.

Owns the one conversion every statistic of the lite tier starts from.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Blocks = NDArray[np.float32]


def brightness(rgb: NDArray[np.uint8]) -> Plane:
    """Luma from 0 to 255."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.float32)


def halved(plane: Plane) -> Plane:
    """The plane at half its size, each pixel the mean of four."""
    height, width = plane.shape
    size = (max(1, width // 2), max(1, height // 2))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)


def cut(plane: Plane, side: int) -> Blocks:
    """Whole blocks as rows; what is left at the right and lower edge is dropped."""
    rows, columns = plane.shape[0] // side, plane.shape[1] // side
    whole = plane[: rows * side, : columns * side]
    return whole.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(-1, side * side)
