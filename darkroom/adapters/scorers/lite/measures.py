"""Simple measurements of a picture that a person could name.

Owns the numbers, not what they mean: a strength or a score is made of them
elsewhere. None of them is a measure of detail by itself; edge density and the
Laplacian even rise with noise.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from darkroom.adapters.scorers.lite.blocking import blockiness, vanished
from darkroom.adapters.scorers.lite.brightness import Plane, cut
from darkroom.adapters.scorers.lite.edges import bare_steps, edge_width, repeated_near_edges

_DARK, _BRIGHT = 2, 253
_BLOCK, _ACTIVE, _STILL = 16, 25.0, 4.0
_CANNY = (60, 160)
_SECOND = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_SECOND_NORM = 6.0
_MEDIAN_OF_NORMAL = 0.6745


@dataclass(frozen=True)
class Measures:
    """What was measured; brightness counts from 0 to 255."""

    noise: float
    """Standard deviation of the noise in the stiller half."""
    repeated: float
    """Share of exact repeats beside strong edges: what enlarging without blending leaves."""
    bare_steps: float
    """Share of strong steps that stand alone between equal pixels."""
    edge_width: float
    """Pixels that the strongest edges take."""
    blockiness: float
    """Jumps on a grid of eight pixels against jumps elsewhere."""
    vanished: float
    """Share of the finer cosine coefficients of blocks of eight pixels that are nothing."""
    contrast: float
    """From the darkest to the brightest percent."""
    clipped_low: float
    clipped_high: float
    """Share of pixels with a channel at the end of its scale."""
    still: float
    """Share of blocks in which nothing happens."""
    activity: float
    """Variance of the second derivative in blocks where something happens, as a logarithm."""
    slope: float
    """Mean square gradient, as a logarithm."""
    reblur: float
    """Share of the gradients that one more blur would remove."""
    edge_density: float
    colourfulness: float
    entropy: float


NAMES: tuple[str, ...] = tuple(Measures.__dataclass_fields__)


def measure(rgb: NDArray[np.uint8], plane: Plane) -> Measures:
    """All measurements of one picture; `plane` is its brightness."""
    across, down, slopes = _gradients(plane)
    noise = _noise(plane, across, down)
    grey = plane.astype(np.uint8)
    counts = np.bincount(grey.ravel(), minlength=256)
    low, high = _clipped(rgb)
    still, activity = _activity(plane)
    return Measures(
        noise=noise,
        repeated=repeated_near_edges(plane, slopes),
        bare_steps=bare_steps(plane),
        edge_width=edge_width(plane, noise),
        blockiness=blockiness(plane),
        vanished=vanished(plane),
        contrast=_contrast(counts),
        clipped_low=low,
        clipped_high=high,
        still=still,
        activity=activity,
        slope=float(np.log1p(np.mean(slopes * slopes))),
        reblur=_reblur(plane, float(slopes.mean())),
        edge_density=float(np.count_nonzero(cv2.Canny(grey, *_CANNY)) / grey.size),
        colourfulness=_colourfulness(rgb),
        entropy=_entropy(counts),
    )


def _gradients(plane: Plane) -> tuple[Plane, Plane, Plane]:
    """Across, down, and their length."""
    across = np.asarray(cv2.Sobel(plane, cv2.CV_32F, 1, 0), np.float32)
    down = np.asarray(cv2.Sobel(plane, cv2.CV_32F, 0, 1), np.float32)
    # not cv2.magnitude: its last digit depends on where the array happens to lie in memory
    return across, down, np.sqrt(across * across + down * down)


def _noise(plane: Plane, across: Plane, down: Plane) -> float:
    """After Immerkaer, by the median over the half with the weaker gradients."""
    second = np.asarray(cv2.filter2D(plane, -1, _SECOND), np.float32)[::2, ::2]
    steepness = np.abs(across[::2, ::2]) + np.abs(down[::2, ::2])
    calm = np.abs(second[steepness <= np.median(steepness)])
    return float(np.median(calm) / _MEDIAN_OF_NORMAL / _SECOND_NORM)


def _contrast(counts: NDArray[np.intp]) -> float:
    shares = np.cumsum(counts) / counts.sum()
    low, high = np.searchsorted(shares, (0.01, 0.99))
    return float(high - low)


def _clipped(rgb: NDArray[np.uint8]) -> tuple[float, float]:
    """Dark where no channel has anything left, bright where one has no room left."""
    channels = cv2.split(rgb)
    brightest = cv2.max(cv2.max(channels[0], channels[1]), channels[2])
    size = brightest.size
    low = np.count_nonzero(brightest <= _DARK) / size
    high = np.count_nonzero(brightest >= _BRIGHT) / size
    return float(low), float(high)


def _activity(plane: Plane) -> tuple[float, float]:
    spread = cut(plane, _BLOCK).var(1)
    curves = cut(np.asarray(cv2.Laplacian(plane, cv2.CV_32F), np.float32), _BLOCK).var(1)
    active = curves[spread > _ACTIVE]
    still = np.count_nonzero(spread < _STILL) / spread.size
    return still, float(np.log1p(active.mean() if active.size else 0.0))


def _reblur(plane: Plane, slope: float) -> float:
    left = _gradients(np.asarray(cv2.blur(plane, (9, 9)), np.float32))[2]
    return 1.0 - float(left.mean()) / (slope + 1e-6)


def _colourfulness(rgb: NDArray[np.uint8]) -> float:
    """After Hasler and Suesstrunk."""
    sample = rgb[::3, ::3].astype(np.float32)
    red, green, blue = sample[..., 0], sample[..., 1], sample[..., 2]
    first, second = red - green, (red + green) / 2 - blue
    spread = np.hypot(first.std(), second.std())
    return float(spread + 0.3 * np.hypot(first.mean(), second.mean()))


def _entropy(counts: NDArray[np.intp]) -> float:
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum())
