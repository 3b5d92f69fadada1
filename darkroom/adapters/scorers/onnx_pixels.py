"""How pictures enter networks, the same for the two tiers that run them.

Owns resizing, cropping and scaling of values, in numpy and Pillow alone: a machine
with onnxruntime only must see the very numbers that torch sees.
"""

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from darkroom.adapters.scorers.protocol import Pixels

Plane = NDArray[np.float32]
_CLIP_MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
_CLIP_STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
TOPIQ_MULTIPLE = 32


def unit_planes(rgb: Pixels) -> Plane:
    """(3, height, width) with values from 0 to 1."""
    return np.ascontiguousarray(rgb.transpose(2, 0, 1), np.float32) / np.float32(255)


def clip_pixels(rgb: Pixels, side: int) -> Plane:
    """What CLIP was trained on: short side to `side` (bicubic), the middle, its own scale."""
    height, width = rgb.shape[:2]
    new_width, new_height = _short_side_to(width, height, side)
    resized = Image.fromarray(rgb).resize((new_width, new_height), Image.Resampling.BICUBIC)
    planes = np.asarray(_middle(np.asarray(resized), side), np.float32) / np.float32(255)
    return np.ascontiguousarray(((planes - _CLIP_MEAN) / _CLIP_STD).transpose(2, 0, 1))


def nima_pixels(rgb: Pixels, side: int) -> Plane:
    """Short side to `side` by a triangle filter, as torch resizes with antialiasing; the middle."""
    height, width = rgb.shape[:2]
    new_width, new_height = _short_side_to(width, height, side)
    rows, columns = _triangle(height, new_height), _triangle(width, new_width)
    planes = unit_planes(rgb)
    resized = (rows @ planes @ columns.T).transpose(1, 2, 0)
    return np.ascontiguousarray(_middle(resized, side).transpose(2, 0, 1), np.float32)


def topiq_pixels(rgb: Pixels) -> Plane:
    """The picture without the few rows and columns beyond a multiple of 32."""
    height, width = (size - size % TOPIQ_MULTIPLE for size in rgb.shape[:2])
    return unit_planes(rgb[:height, :width])


def _short_side_to(width: int, height: int, side: int) -> tuple[int, int]:
    if width <= height:
        return side, int(side * height / width)
    return int(side * width / height), side


def _middle(picture: NDArray[Any], side: int) -> NDArray[Any]:
    top = round((picture.shape[0] - side) / 2)
    left = round((picture.shape[1] - side) / 2)
    return picture[top : top + side, left : left + side]


@functools.lru_cache(maxsize=16)
def _triangle(before: int, after: int) -> Plane:
    """The matrix that resamples one axis: each new value is a weighted mean of old ones."""
    scale = before / after
    reach = max(scale, 1.0)
    centres = (np.arange(after) + 0.5) * scale
    distance = np.abs(np.arange(before)[None, :] + 0.5 - centres[:, None]) / reach
    weights = np.clip(1 - distance, 0, None)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
