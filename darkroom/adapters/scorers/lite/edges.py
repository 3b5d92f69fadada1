"""How the strong edges of a picture look: soft, clean or jagged.

Owns measurements that look at strong edges only, because those are there in a
blurred and in a noisy picture alike and do not grow with noise.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from darkroom.adapters.scorers.lite.brightness import Plane

_STRONG, _REACH = 30.0, np.ones((5, 5), np.uint8)
_SAME, _JUMP = 0.5, 12.0
_FEWEST_REPEATS, _FEWEST_EDGES = 200, 50
_SPAN = 9
_LEAST_RISE, _STRONGEST, _NOISES = 8.0, 90.0, 6.0
_USUAL_WIDTH = 3.0


def repeated_near_edges(plane: Plane, slopes: Plane) -> float:
    """The share of pixels beside strong edges that equal their neighbour."""
    strong = (slopes > _STRONG).astype(np.uint8)
    near = cv2.dilate(strong, _REACH)[:-1, :-1] > 0
    count = np.count_nonzero(near)
    if count < _FEWEST_REPEATS:
        return 0.0
    # every row: among every second one, pixels doubled in pairs would all count as repeats
    here = plane[:-1, :-1]
    across = cv2.absdiff(plane[:-1, 1:], here) < _SAME
    down = cv2.absdiff(plane[1:, :-1], here) < _SAME
    return float((np.count_nonzero(across & near) + np.count_nonzero(down & near)) / 2 / count)


def bare_steps(plane: Plane) -> float:
    """The share of strong steps that stand alone, with equal pixels on both sides."""
    alone = strong = 0
    for steps in (
        cv2.absdiff(plane[::2, 1:], plane[::2, :-1]),
        cv2.absdiff(plane[1:, ::2], plane[:-1, ::2]).T,
    ):
        is_step, is_still = steps > _JUMP, steps < _SAME
        strong += np.count_nonzero(is_step)
        alone += np.count_nonzero(is_step[:, 1:-1] & is_still[:, :-2] & is_still[:, 2:])
    return alone / strong if strong >= _FEWEST_EDGES else 0.0


def edge_width(plane: Plane, noise: float) -> float:
    """Pixels a strong edge takes from side to side, the median over the strongest."""
    least = _LEAST_RISE + _NOISES * noise
    smooth = np.asarray(cv2.GaussianBlur(plane, (3, 3), 0.6), np.float32)
    columns = np.ascontiguousarray(smooth.T[::2])
    widths = np.concatenate([_widths(smooth[::2], least), _widths(columns, least)])
    return float(np.median(widths)) if widths.size >= _FEWEST_EDGES else _USUAL_WIDTH


def _widths(plane: Plane, least: float) -> NDArray[np.float32]:
    """The rise over a span against the steepest step within it, row by row."""
    rise = cv2.absdiff(plane[:, _SPAN:], plane[:, :-_SPAN])
    steps = cv2.absdiff(plane[:, 1:], plane[:, :-1])
    steepest = cv2.dilate(steps, np.ones((1, _SPAN), np.uint8))
    reach = _SPAN // 2
    steepest = steepest[:, reach : reach + rise.shape[1]]
    strong = rise > max(least, float(np.percentile(rise[::2, ::4], _STRONGEST)))
    return np.asarray(rise[strong] / np.maximum(steepest[strong], 1e-3), np.float32)
