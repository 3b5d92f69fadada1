"""A raw measurement as a number from 0 to 10, by anchor points that are data.

Owns the mapping and what makes it honest: it is piecewise linear between anchors,
clamped at the outermost ones, and runs the way the metric's direction says. Which
anchors a metric has is in defaults/metrics.yaml or in a calibration; no formula for
one metric stands here.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from darkroom.core.config.fields import Record, ShortName

Direction = Literal["higher", "lower", "peak"]
"""Which raw values are good: high ones, low ones, or those near a peak in between."""

TOP = 10.0
_FEWEST, _MOST = 2, 50


def _rising(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    if not all(math.isfinite(number) for point in points for number in point):
        raise ValueError("must be finite numbers")
    if any(left[0] >= right[0] for left, right in pairwise(points)):
        raise ValueError("must be in rising order of their raw values, each once")
    if any(not 0 <= out_of_ten <= TOP for _, out_of_ten in points):
        raise ValueError("must lead to values from 0 to 10")
    return points


Anchor = Annotated[tuple[float, float], Field(strict=False)]
Anchors = Annotated[
    tuple[Anchor, ...],
    Field(strict=False, min_length=_FEWEST, max_length=_MOST),
    AfterValidator(_rising),
]


class Normalisation(Record):
    """One mapping from raw to 0-10, and the name of the calibration it belongs to."""

    calibration: ShortName
    """Values of different calibrations are not comparable."""
    anchors: Anchors
    """Pairs of raw value and value out of ten, in rising order of the raw value."""


def normalised(raw: float, how: Normalisation) -> float:
    """The value from 0 to 10; raw values beyond the outermost anchors are clamped to them."""
    if not math.isfinite(raw):
        raise ValueError("only a finite measurement can be normalised")
    points = how.anchors
    after = bisect_right(points, raw, key=lambda point: point[0])
    if after == 0:
        return points[0][1]
    if after == len(points):
        return points[-1][1]
    (x0, y0), (x1, y1) = points[after - 1], points[after]
    value = y0 + (y1 - y0) * ((raw - x0) / (x1 - x0))
    return min(max(value, min(y0, y1)), max(y0, y1))


def runs(anchors: Sequence[tuple[float, float]], direction: Direction) -> bool:
    """Whether anchors run the way the direction says, with some difference between them."""
    values = [value for _, value in anchors]
    match direction:
        case "higher":
            return _never_falls(values)
        case "lower":
            return _never_falls(values[::-1])
        case _:  # peak
            top = values.index(max(values))
            return _never_falls(values[: top + 1]) and _never_falls(values[top:][::-1])


def _never_falls(values: Sequence[float]) -> bool:
    return all(left <= right for left, right in pairwise(values)) and values[0] < values[-1]
