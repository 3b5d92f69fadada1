"""The row of numbers that stands for a picture in the lite tier.

Owns their order and their taming: signed logarithms, so that no single odd picture
can throw a linear head far off.
"""

from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from darkroom.adapters.scorers.lite import measures, naturalness
from darkroom.adapters.scorers.lite.brightness import brightness
from darkroom.adapters.scorers.lite.measures import Measures

Row = NDArray[np.float64]
NAMES: tuple[str, ...] = (*measures.NAMES, *naturalness.NAMES)


@dataclass(frozen=True)
class Features:
    """What was measured of one picture, and the row made of it."""

    measures: Measures
    row: Row


def features(rgb: NDArray[np.uint8]) -> Features:
    """Measure a picture; the row is in the order of `NAMES`."""
    plane = brightness(rgb)
    found = measures.measure(rgb, plane)
    raw = np.concatenate([np.array(astuple(found)), naturalness.naturalness(plane)])
    return Features(found, np.sign(raw) * np.log1p(np.abs(raw)))
