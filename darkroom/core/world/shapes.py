"""The outlines of the six shapes, as polygons around the origin with y downwards.

Owns geometry in units of an object's radius. What rasterises them is an adapter;
the same outlines draw the training pictures and check the drawn ones.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType

Outline = tuple[tuple[float, float], ...]

_CIRCLE_CORNERS = 48
_STAR_WAIST = 0.42
_ARM = 0.36


def _circle() -> Outline:
    turns = [2 * math.pi * k / _CIRCLE_CORNERS for k in range(_CIRCLE_CORNERS)]
    return tuple((math.cos(turn), math.sin(turn)) for turn in turns)


def _star() -> Outline:
    corners: list[tuple[float, float]] = []
    for k in range(10):
        reach = 1.1 if k % 2 == 0 else 1.1 * _STAR_WAIST
        turn = -math.pi / 2 + k * math.pi / 5
        corners.append((reach * math.cos(turn), reach * math.sin(turn)))
    return tuple(corners)


def _cross() -> Outline:
    a = _ARM
    quarter = [(-a, -1.0), (a, -1.0), (a, -a)]
    corners: list[tuple[float, float]] = []
    for _ in range(4):
        corners += quarter
        quarter = [(-y, x) for x, y in quarter]
    return tuple(corners)


OUTLINES: Mapping[str, Outline] = MappingProxyType(
    {
        "circle": _circle(),
        "square": ((-0.92, -0.92), (0.92, -0.92), (0.92, 0.92), (-0.92, 0.92)),
        "triangle": ((0.0, -0.92), (0.94, 0.9), (-0.94, 0.9)),
        "diamond": ((0.0, -1.1), (1.1, 0.0), (0.0, 1.1), (-1.1, 0.0)),
        "star": _star(),
        "cross": _cross(),
    }
)

REACH = 1.1
"""No outline leaves the square of this half side."""


def area(outline: Outline) -> float:
    """The area inside an outline, in squared radii."""
    turns = zip(outline, outline[1:] + outline[:1], strict=True)
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in turns)) / 2


def centroid(outline: Outline) -> tuple[float, float]:
    """The centre of mass of an outline, in radii from the object's centre."""
    cross_sum = x_sum = y_sum = 0.0
    for (ax, ay), (bx, by) in zip(outline, outline[1:] + outline[:1], strict=True):
        cross = ax * by - bx * ay
        cross_sum += cross
        x_sum += (ax + bx) * cross
        y_sum += (ay + by) * cross
    return x_sum / (3 * cross_sum), y_sum / (3 * cross_sum)
