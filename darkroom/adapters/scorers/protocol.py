"""What every tier of scorers has in common: a picture goes in, scores come out.

Owns the protocol, and the reasons for which a metric does not look at a picture at
all. A scorer never raises for what a picture shows: each of its metrics gives a
value, or null with a reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from darkroom.core.scoring.metrics import MetricSpec
from darkroom.core.sidecar.judging import Score

Pixels = NDArray[np.uint8]
_FLAT_SPREAD = 2
"""Pictures whose brightness varies less than this, in levels of 255, show nothing to measure."""


@dataclass(frozen=True)
class Picture:
    """An upright 8-bit RGB picture at its own size, and what it should show."""

    rgb: Pixels = field(repr=False, compare=False)
    """(height, width, 3)."""
    sha256: str
    """Of the bytes it was decoded from."""
    prompt: str | None = None
    notes: tuple[str, ...] = ()
    """What had to be assumed to get these pixels, such as the colour behind transparency."""

    @property
    def short_side(self) -> int:
        """Pixels along the shorter side."""
        return min(self.rgb.shape[:2])


@dataclass(frozen=True)
class Unscorable:
    """No picture could be had from some bytes; every metric is null for this reason."""

    reason: str
    sha256: str


class Scorer(Protocol):
    """Measures pictures by the metrics it lists."""

    @property
    def specs(self) -> tuple[MetricSpec, ...]:
        """The metrics, in the order of the scores."""
        ...

    def score(self, pictures: Sequence[Picture]) -> list[list[Score]]:
        """For each picture one score per spec, in the order of `specs`."""
        ...


def why_not(spec: MetricSpec, picture: Picture) -> str | None:
    """Why a metric cannot measure a picture, or None where it can."""
    if picture.short_side < spec.min_side:
        size = f"{picture.rgb.shape[1]}x{picture.rgb.shape[0]}"
        return f"the picture is {size}; {spec.name} needs {spec.min_side} pixels a side"
    if spec.needs_prompt:
        return None if (picture.prompt or "").strip() else f"{spec.name} needs a prompt"
    if is_flat(picture.rgb):
        return "flat: the picture has one brightness all over"
    return None


def is_flat(rgb: Pixels) -> bool:
    """Whether a picture shows nothing: NaN or a made-up number would be all there is to get."""
    # a few pixels tell of almost every picture that it is not
    return all(_spread(rgb[::step, ::step]) < _FLAT_SPREAD for step in (16, 1))


def _spread(rgb: Pixels) -> int:
    """The widest range of any channel."""
    low, high = rgb.min((0, 1)), rgb.max((0, 1))
    return int((high.astype(np.int16) - low).max())


def capped(rgb: Pixels, long_side: int | None) -> Pixels:
    """The picture, scaled down where its longer side has more pixels than that."""
    height, width = rgb.shape[:2]
    if long_side is None or max(height, width) <= long_side:
        return rgb
    scale = long_side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
