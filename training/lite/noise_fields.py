"""Random fields with the spectra of natural surfaces.

Owns fractal noise of a given slope, for textures and terrains.
"""

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Field = NDArray[np.float32]
Pixels = NDArray[np.uint8]


def fractal(rng: Generator, side: int, slope: float) -> Field:
    """A square field from 0 to 1 whose amplitudes fall with frequency to the power `slope`."""
    rows = np.fft.fftfreq(side)[:, None]
    columns = np.fft.rfftfreq(side)[None]
    reach = np.hypot(rows, columns)
    reach[0, 0] = 1.0
    phases = rng.uniform(0, 2 * np.pi, reach.shape)
    spectrum = rng.rayleigh(1.0, reach.shape) * np.exp(1j * phases) / reach**slope
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, (side, side))
    field -= field.min()
    return (field / max(float(field.max()), 1e-9)).astype(np.float32)


def line(rng: Generator, length: int, slope: float) -> Field:
    """A fractal curve from 0 to 1."""
    reach = np.fft.rfftfreq(length)
    reach[0] = 1.0
    spectrum = rng.rayleigh(1.0, reach.shape) * np.exp(1j * rng.uniform(0, 2 * np.pi, reach.shape))
    spectrum /= reach**slope
    spectrum[0] = 0
    curve = np.fft.irfft(spectrum, length)
    curve -= curve.min()
    return (curve / max(float(curve.max()), 1e-9)).astype(np.float32)


def colour(rng: Generator) -> NDArray[np.float32]:
    """A random colour, not only a saturated one."""
    grey = rng.uniform(10, 245)
    return np.clip(grey + rng.normal(0, rng.uniform(5, 70), 3), 0, 255).astype(np.float32)


def coloured(field: Field, low: NDArray[np.float32], high: NDArray[np.float32]) -> Field:
    """A field as a blend between two colours."""
    return low + (high - low) * field[..., None]


def finished(picture: Field, side: int) -> Pixels:
    """A picture drawn at twice its size, brought to its size without jagged edges."""
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    return np.clip(np.rint(small), 0, 255).astype(np.uint8)
