"""Natural-scene statistics: how locally normalised brightness is distributed.

Owns 36 numbers: shape and spread of the normalised brightness and of the products
of neighbours in four directions, at two scales, as Mittal, Moorthy and Bovik
describe them in their papers on BRISQUE and NIQE. Distortions change these
distributions in ways that hardly depend on what a picture shows.
"""

import math
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from darkroom.adapters.scorers.lite.brightness import Blocks, Plane, cut, halved

_BLOCK = 96
_WINDOW, _SIGMA = (7, 7), 7 / 6
_STEPS = (("across", 0, 1), ("down", 1, 0), ("falling", 1, 1), ("climbing", 1, -1))
_SHAPES = np.linspace(0.2, 10.0, 1961)


def _table(moments: tuple[float, ...], under: tuple[float, ...]) -> NDArray[np.float64]:
    """Gamma functions of the shapes: a product of some over a product of others."""
    rows = [
        math.prod(math.gamma(m / shape) for m in moments)
        / math.prod(math.gamma(m / shape) for m in under)
        for shape in _SHAPES.tolist()
    ]
    return np.array(rows)


_RATIOS = _table((2, 2), (1, 3))
_SCALES = np.sqrt(_table((1,), (3,)))
_MEANS = _table((2,), (1,))
_PARTS = ("shape", "skew", "left", "right")
_TINY = 1e-6
Values = NDArray[np.float64]

NAMES: tuple[str, ...] = tuple(
    f"{part}_{scale}"
    for scale in ("fine", "coarse")
    for part in (
        "shape",
        "spread",
        *(f"{direction}_{part}" for direction, _, _ in _STEPS for part in _PARTS),
    )
)


def naturalness(plane: Plane) -> Values:
    """The 36 numbers, each the mean over blocks, in the order of `NAMES`."""
    side = _block_side(min(plane.shape))
    fine = list(_at_scale(plane, side))
    coarse = list(_at_scale(halved(plane), side // 2))
    return np.array([float(part.mean()) for part in (*fine, *coarse)])


def _block_side(short_side: int) -> int:
    """About `_BLOCK`, so that whole blocks cover the shorter side; products lose one pixel."""
    return (short_side - 2) // max(1, round(short_side / _BLOCK)) // 2 * 2


def _at_scale(plane: Plane, side: int) -> Iterator[Values]:
    normal = _normalised(plane)
    shape, left, right = fit(cut(normal, side))
    yield shape
    yield (left + right) / 2
    for _, down, across in _STEPS:
        shape, left, right = fit(cut(_neighbours(normal, down, across), side))
        yield shape
        yield (right - left) * np.interp(shape, _SHAPES, _MEANS)
        yield left
        yield right


def _normalised(plane: Plane) -> Plane:
    """Brightness less its local mean, over its local spread."""
    mean = cv2.GaussianBlur(plane, _WINDOW, _SIGMA)
    square = cv2.GaussianBlur(plane * plane, _WINDOW, _SIGMA)
    spread = np.sqrt(np.abs(square - mean * mean))
    return np.asarray((plane - mean) / (spread + 1), np.float32)


def _neighbours(plane: Plane, down: int, across: int) -> Plane:
    """Each value times its neighbour in one direction."""
    height, width = plane.shape
    if across < 0:
        return plane[: height - down, -across:] * plane[down:, : width + across]
    return plane[: height - down, : width - across] * plane[down:, across:]


def fit(rows: Blocks) -> tuple[Values, Values, Values]:
    """Shape and both scales of an asymmetric generalised Gaussian, for each row by moments."""
    upper = np.maximum(rows, 0)
    above, all_squares = _sum_of_squares(upper), _sum_of_squares(rows)
    below = np.maximum(all_squares - above, 0)
    left = _spread(below, np.count_nonzero(rows < 0, axis=1))
    right = _spread(above, np.count_nonzero(upper, axis=1))
    size = rows.shape[1]
    absolute: Values = (2 * upper.sum(1) - rows.sum(1)).astype(np.float64) / size
    ratio: Values = left / right
    balance: Values = (ratio**3 + 1) * (ratio + 1) / (ratio**2 + 1) ** 2
    wanted: Values = absolute**2 / np.maximum(all_squares / size, _TINY**2) * balance
    shape: Values = np.interp(wanted, _RATIOS, _SHAPES)
    scale: Values = np.interp(shape, _SHAPES, _SCALES)
    return shape, left * scale, right * scale


def _sum_of_squares(rows: Blocks) -> Values:
    return np.einsum("ij,ij->i", rows, rows).astype(np.float64)


def _spread(squares: Values, counts: NDArray[np.intp]) -> Values:
    return np.sqrt(squares / np.maximum(counts, 1)) + _TINY
