"""Which shape a soft mask has: draw each candidate again and compare.

Owns analysis by synthesis. Radius and centre follow from the area and the
centre of mass, so noise and blur, which keep both, hardly matter.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from darkroom.adapters.vision.drawing import cover
from darkroom.core.world.measured import Read
from darkroom.core.world.shapes import OUTLINES, area, centroid

Floats = NDArray[np.float32]

_BLURS = (0.7, 1.3)
_SOLID = 0.3  # cover above which a pixel bounds the mask
_WORST_OVERLAP = 0.72  # below this the best shape is a guess
_SURE_LEAD = 0.25  # relative lead over the second best shape that is beyond doubt
_AREAS = {shape: area(outline) for shape, outline in OUTLINES.items()}
_CENTROIDS = {shape: centroid(outline) for shape, outline in OUTLINES.items()}


@dataclass(frozen=True)
class Fit:
    """The best shape for a mask; lengths in pixels."""

    shape: Read
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class _Trial:
    shape: str
    error: float
    overlap: float
    x: float
    y: float
    radius: float


def fit(mask: Floats) -> Fit:
    """The shape, centre and radius that best explain a soft mask."""
    window, corner = _window(mask)
    trials = sorted((_try(shape, window) for shape in OUTLINES), key=lambda trial: trial.error)
    best, second = trials[:2]
    lead = (second.error - best.error) / max(second.error, 1e-6)
    fitting = (best.overlap - _WORST_OVERLAP) / (1 - _WORST_OVERLAP)
    confidence = float(np.clip(min(0.5 + fitting, 0.4 + lead / _SURE_LEAD), 0, 1))
    return Fit(Read(best.shape, confidence), best.x + corner[0], best.y + corner[1], best.radius)


def _window(mask: Floats) -> tuple[Floats, tuple[int, int]]:
    """The square part of the picture around a mask, padded where it leaves it."""
    ys, xs = np.nonzero(mask > _SOLID)
    half = int(max(np.ptp(xs), np.ptp(ys)) / 2) + 5
    x, y = int((xs.min() + xs.max()) / 2), int((ys.min() + ys.max()) / 2)
    padded = np.pad(mask, half)
    return padded[y : y + 2 * half, x : x + 2 * half], (x - half, y - half)


def _try(shape: str, window: Floats) -> _Trial:
    side = len(window)
    total = float(window.sum())
    radius = (total / _AREAS[shape]) ** 0.5
    axis = np.arange(side) + 0.5
    x = float(window.sum(0) @ axis) / total - _CENTROIDS[shape][0] * radius
    y = float(window.sum(1) @ axis) / total - _CENTROIDS[shape][1] * radius
    sharp = cover(shape, (x, y), radius, side)
    drawn = [np.asarray(cv2.GaussianBlur(sharp, (0, 0), blur), np.float32) for blur in _BLURS]
    errors = [float(np.square(candidate - window).sum()) / total for candidate in drawn]
    best = drawn[int(np.argmin(errors))]
    overlap = float(np.minimum(best, window).sum() / np.maximum(best, window).sum())
    return _Trial(shape, min(errors), overlap, x, y, radius)
