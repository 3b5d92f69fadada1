"""Between pictures and latents.

Owns the encoder, which is plain averaging: a latent is a 32 x 32 picture with
values from -1 to 1. The way back is the learned decoder of a checkpoint.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

LATENT_SIDE = 32
LATENT_CHANNELS = 3


def averaging(before: int, after: int) -> NDArray[np.float32]:
    """The matrix that averages `before` pixels in a row down (or spreads them) to `after`."""
    edges = np.linspace(0, before, after + 1)
    left = np.maximum(edges[:-1, None], np.arange(before)[None])
    right = np.minimum(edges[1:, None], np.arange(before)[None] + 1)
    shares = np.clip(right - left, 0, None)
    return (shares / shares.sum(1, keepdims=True)).astype(np.float32)


def encode_pixels(pixels: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Latents [b,3,32,32] of pictures [b,h,w,3] with values from 0 to 1, of any size."""
    rows = averaging(pixels.shape[1], LATENT_SIDE)
    columns = averaging(pixels.shape[2], LATENT_SIDE)
    small = np.einsum("yh,bhwc,xw->bcyx", rows, pixels, columns, optimize=True)
    return np.asarray(small * 2 - 1, np.float32)


def empty(batch: int) -> NDArray[np.float32]:
    """Latents of nothing yet."""
    return np.zeros((batch, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE), np.float32)
