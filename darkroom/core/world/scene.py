"""A drawn scene, and what is true in it: sizes, places and relations.

Owns the one definition of "small", "on the left" and "above" that training,
judge and benchmarks share. Lengths are fractions of the picture's side, y
grows downwards. Each rule comes with the margin by which it holds, so that a
caption can be kept to what is plainly true.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

RADII: Mapping[int, Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        1: MappingProxyType({"small": (0.16, 0.20), "large": (0.26, 0.31)}),
        2: MappingProxyType({"small": (0.14, 0.165), "large": (0.20, 0.215)}),
        3: MappingProxyType({"small": (0.12, 0.138), "large": (0.178, 0.195)}),
        4: MappingProxyType({"small": (0.12, 0.138), "large": (0.178, 0.195)}),
    }
)
"""Radius by number of objects and size word: fuller pictures hold smaller things."""

_SIDE_BAND = 0.42  # left means x below this, right means x above one minus this
_MIDDLE_BAND = 0.1  # centre means within this of the middle on both axes
_APART = 0.1  # a relation needs the centres this far apart along its axis ...
_SLANT = 0.45  # ... and that much of the distance across it


@dataclass(frozen=True)
class SceneObject:
    """One thing in a scene: what it is and where its centre lies."""

    colour: str
    shape: str
    size: str
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Scene:
    """Everything a picture of the shape world shows."""

    background: str
    objects: tuple[SceneObject, ...]


def size_word(radius: float, count: int) -> str:
    """The size word of an object of this radius among `count` objects."""
    radii = RADII[min(max(count, 1), 4)]
    return "large" if radius > (radii["small"][1] + radii["large"][0]) / 2 else "small"


def place_margin(place: str, x: float, y: float) -> float:
    """How clearly a centre lies at a place; negative when it does not."""
    if place == "center":
        return _MIDDLE_BAND - max(abs(x - 0.5), abs(y - 0.5))
    sides = {
        "top": _SIDE_BAND - y,
        "bottom": y - (1 - _SIDE_BAND),
        "left": _SIDE_BAND - x,
        "right": x - (1 - _SIDE_BAND),
    }
    return min(sides[word] for word in place.split())


def relation_margin(
    relation: str, first: tuple[float, float], second: tuple[float, float]
) -> float:
    """How clearly the first centre stands in a relation to the second; negative when not."""
    dx, dy = second[0] - first[0], second[1] - first[1]
    along, across = {
        "above": (dy, dx),
        "below": (-dy, dx),
        "left of": (dx, dy),
        "right of": (-dx, dy),
    }[relation]
    return min(along - _APART, along - _SLANT * abs(across))
