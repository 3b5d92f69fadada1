"""How much of a picture's fine structure a distorted copy still has.

Owns the target that the detail estimate is fitted to. It looks at the undistorted
picture, which no scorer ever has: the estimate has to tell it from the copy alone.
"""

import cv2
import numpy as np

from training.lite.noise_fields import Pixels

_FLOOR = 20.0
_WINDOW, _SIGMA = (11, 11), 1.5


def preserved(clean: Pixels, spoilt: Pixels) -> float:
    """From 0 to 1: the contrast and structure term of SSIM, where there is structure to keep.

    Two scales, weighted by the contrast of the undistorted picture, so that noise in
    an empty sky counts little and a lost texture counts fully.
    """
    first = cv2.cvtColor(clean, cv2.COLOR_RGB2GRAY).astype(np.float32)
    second = cv2.cvtColor(spoilt, cv2.COLOR_RGB2GRAY).astype(np.float32)
    kept = []
    for _ in range(2):
        kept.append(_at_scale(first, second))
        first = cv2.resize(first, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        second = cv2.resize(second, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return float(np.clip(np.mean(kept), 0, 1))


def _at_scale(first: np.ndarray, second: np.ndarray) -> float:
    mean_1, mean_2 = _soft(first), _soft(second)
    spread_1 = np.maximum(_soft(first * first) - mean_1**2, 0)
    spread_2 = np.maximum(_soft(second * second) - mean_2**2, 0)
    shared = _soft(first * second) - mean_1 * mean_2
    structure = (2 * shared + _FLOOR) / (spread_1 + spread_2 + _FLOOR)
    weight = np.sqrt(spread_1) + 1
    return float((structure * weight).sum() / weight.sum())


def _soft(plane: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(plane, _WINDOW, _SIGMA)
