"""The traces that a grid of eight by eight pixels leaves.

Owns two views of it: jumps in brightness that come every eight pixels, and cosine
coefficients that were rounded to nothing. The first finds the grid wherever a crop
has moved it; the second sees light compression, but only where the grid still lies.
"""

import numpy as np
from numpy.typing import NDArray

from darkroom.adapters.scorers.lite.brightness import Plane

_SIDE = 8
_SOME = 0.25
_NOTHING = 0.6
_LOWEST = 3
"""Coefficients below this diagonal are rarely rounded away."""


def _cosines() -> NDArray[np.float32]:
    rows = np.arange(_SIDE)[:, None]
    basis = np.cos(np.pi * rows * (2 * np.arange(_SIDE)[None] + 1) / (2 * _SIDE)) / 2
    basis[0] /= np.sqrt(2)
    return basis.astype(np.float32)


_BASIS = _cosines()
_HIGH = (np.add.outer(np.arange(_SIDE), np.arange(_SIDE)) >= _LOWEST).ravel()


def blockiness(plane: Plane) -> float:
    """The greater of both directions: jumps at the worst of eight offsets over the next.

    Over the next, not the usual: pixels doubled or quadrupled make every second or
    fourth offset jump, and that is another fault.
    """
    found: list[float] = []
    for axis in (1, 0):
        jumps = np.abs(np.diff(plane, axis=axis)).mean(1 - axis)
        whole = jumps[: len(jumps) // _SIDE * _SIDE].reshape(-1, _SIDE).mean(0)
        following, worst = np.sort(whole)[-2:]
        found.append(float(worst / (following + _SOME)))
    return max(found)


def vanished(plane: Plane) -> float:
    """Share of the finer cosine coefficients that are nothing; every other row of blocks."""
    rows, columns = plane.shape[0] // _SIDE, plane.shape[1] // _SIDE
    tiles = plane[: rows * _SIDE, : columns * _SIDE].reshape(rows, _SIDE, columns, _SIDE)[::2]
    both = _BASIS @ (tiles @ _BASIS.T).transpose(0, 2, 1, 3)
    small = np.abs(both.reshape(-1, _SIDE * _SIDE)[:, _HIGH]) < _NOTHING
    return float(small.mean())
