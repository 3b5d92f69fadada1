"""The faults the lite coefficients are fitted on, each at any severity from 0 to 5.

Owns seven kinds, and how an undistorted picture is varied first so that the
coefficients do not take a camera or a renderer for a fault. unseen_faults has other
ways to the same faults, for evaluation.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator

from training.lite.noise_fields import Pixels

Fault = Callable[[Pixels, float, Generator], Pixels]
LEVELS = 5


def between(severity: float, *values: float) -> float:
    """The value at a severity; the first belongs to 0, the last to 5."""
    return float(np.interp(severity, range(LEVELS + 1), values))


def as_pixels(picture: np.ndarray) -> Pixels:
    """Rounded and clipped."""
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def resized(picture: Pixels, size: tuple[int, int], how: int) -> Pixels:
    """To (width, height)."""
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)


def blurred(picture: Pixels, severity: float, _rng: Generator) -> Pixels:
    """A Gaussian blur."""
    sigma = between(severity, 0.3, 0.7, 1.2, 2, 3.2, 5)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def compressed(picture: Pixels, severity: float, _rng: Generator) -> Pixels:
    """JPEG by OpenCV's encoder."""
    quality = round(between(severity, 95, 60, 35, 20, 11, 6))
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def noisy(picture: Pixels, severity: float, rng: Generator) -> Pixels:
    """Independent Gaussian noise in each channel."""
    return as_pixels(picture + rng.normal(0, between(severity, 0, 4, 8, 15, 25, 40), picture.shape))


def jagged(picture: Pixels, severity: float, _rng: Generator) -> Pixels:
    """Shrunk and enlarged by taking the nearest pixel."""
    return _coarser(picture, severity, cv2.INTER_NEAREST, cv2.INTER_NEAREST)


def enlarged(picture: Pixels, severity: float, _rng: Generator) -> Pixels:
    """Shrunk well and enlarged smoothly."""
    return _coarser(picture, severity, cv2.INTER_AREA, cv2.INTER_CUBIC)


def _coarser(picture: Pixels, severity: float, down: int, up: int) -> Pixels:
    height, width = picture.shape[:2]
    share = between(severity, 0.95, 0.7, 0.5, 0.35, 0.25, 0.16)
    small = (max(8, round(width * share)), max(8, round(height * share)))
    return resized(resized(picture, small, down), (width, height), up)


def overexposed(picture: Pixels, severity: float, _rng: Generator) -> Pixels:
    """Brightened until the light parts clip."""
    return as_pixels(picture * between(severity, 1, 1.25, 1.5, 1.9, 2.5, 3.5))


def faded(picture: Pixels, severity: float, _rng: Generator) -> Pixels:
    """Contrast lost towards a middle grey."""
    share = between(severity, 1, 0.7, 0.5, 0.35, 0.22, 0.12)
    return as_pixels(picture * share + 128 * (1 - share))


FAULTS: dict[str, Fault] = {
    "soft": blurred,
    "JPEG blocks": compressed,
    "noise": noisy,
    "jagged edges": jagged,
    "enlarged": enlarged,
    "clipped highlights": overexposed,
    "faded": faded,
}


def varied(picture: Pixels, rng: Generator) -> Pixels:
    """An undistorted picture as a camera or renderer may give it: tone, grain, sharpening."""
    values = picture.astype(np.float32) / 255
    values = values ** rng.uniform(0.7, 1.4) * rng.uniform(0.8, 1.0) + rng.uniform(0, 0.06)
    values *= 255
    if rng.random() < 0.4:
        values = cv2.GaussianBlur(values, (0, 0), rng.uniform(0.3, 0.6))
    if rng.random() < 0.4:
        soft = cv2.GaussianBlur(values, (0, 0), 1.0)
        values = values + rng.uniform(0.1, 0.6) * (values - soft)
    grain = rng.uniform(0, 2.5) if rng.random() < 0.6 else 0.0
    return as_pixels(values + rng.normal(0, grain + 1e-6, values.shape))
