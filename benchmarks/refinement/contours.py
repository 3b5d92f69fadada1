"""The held-out judge: reads a picture by the outlines of its coloured patches.

Owns a second way of measuring, written for this benchmark and used nowhere else. It
shares with the judge that steers what the words mean (palette, sizes, relations) and
nothing of how they are read: colours by the nearest in RGB, patch by patch; shapes by
how a patch fills its box and its hull and by what turning it changes; lengths by boxes.
Nothing is drawn again and compared, and nothing is unsure.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from darkroom.core.world.measured import Measured, MeasuredObject, Read
from darkroom.core.world.scene import size_word
from darkroom.core.world.shapes import OUTLINES
from darkroom.core.world.vocabulary import BACKGROUNDS, COLOURS

_SIDE = 256
_LEAST_SHARE = 0.006  # of the picture; smaller patches are specks
_HOLLOW = 0.88  # a patch that fills less of its hull is a star or a cross
_TURNS_INTO_ITSELF = 0.8  # overlap with itself after a quarter turn: a cross does, a star not
_FULL, _ROUND = 0.89, 0.66  # share of the box: above it a square, above it a circle
_LOW = 0.57  # height of the centre of mass in the box: below the middle in a triangle
_FROM_GROUND = 45.0  # distance in RGB that counts as something

_NAMES = (*COLOURS, *BACKGROUNDS)
_VALUES = np.array([*COLOURS.values(), *BACKGROUNDS.values()], np.float32)

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class _Box:
    """Where a patch lies, in pixels."""

    x: int
    y: int
    width: int
    height: int


def read_outlines(picture: NDArray[np.uint8]) -> Measured:
    """Everything seen in a picture."""
    calm = cv2.medianBlur(cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC), 5)
    distances = np.linalg.norm(calm[:, :, None].astype(np.float32) - _VALUES, axis=-1)
    ground = _ground(distances)
    other = np.linalg.norm(calm.astype(np.float32) - _VALUES[ground], axis=-1) > _FROM_GROUND
    nearest = distances[:, :, : len(COLOURS)].argmin(-1)
    patches = list(_patches(nearest, other))
    found = [_seen(name, patch, len(patches)) for name, patch in patches]
    found.sort(key=lambda item: -item.radius)
    return Measured(Read(_NAMES[ground], 1.0), tuple(found))


def _ground(distances: NDArray[np.float32]) -> int:
    """The background that most of the border is nearest to."""
    nearest = distances[:, :, len(COLOURS) :].argmin(-1)
    border = np.concatenate([nearest[:6].ravel(), nearest[-6:].ravel(), nearest[:, :6].ravel()])
    return len(COLOURS) + int(np.bincount(border).argmax())


def _patches(nearest: NDArray[np.intp], other: Mask) -> Iterator[tuple[str, Mask]]:
    """Connected parts of one colour; the mixed colours of a rim go to the part they touch."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    for at, name in enumerate(COLOURS):
        own = (other & (nearest == at)).astype(np.uint8)
        count, parts, stats, _ = cv2.connectedComponentsWithStats(
            cv2.morphologyEx(own, cv2.MORPH_OPEN, kernel), connectivity=4
        )
        for part in range(1, count):
            if stats[part, cv2.CC_STAT_AREA] >= _LEAST_SHARE * _SIDE**2:
                near = cv2.dilate((parts == part).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
                yield name, near & (own > 0)


def _seen(colour: str, patch: Mask, count: int) -> MeasuredObject:
    box = _Box(*cv2.boundingRect(patch.astype(np.uint8)))
    shape = _shape(patch, box)
    corners = np.asarray(OUTLINES[shape])
    low, high = corners.min(0), corners.max(0)
    radius = float((box.width + box.height) / (high - low).sum())
    middle = (low + high) / 2 * radius
    x = (box.x + box.width / 2 - middle[0]) / _SIDE
    y = (box.y + box.height / 2 - middle[1]) / _SIDE
    size = size_word(radius / _SIDE, count)
    words = (Read(word, 1.0) for word in (colour, shape, size))
    return MeasuredObject(*words, float(x), float(y), radius / _SIDE)


def _shape(patch: Mask, box: _Box) -> str:
    inside = patch[box.y : box.y + box.height, box.x : box.x + box.width].astype(np.uint8)
    area = float(inside.sum())
    outlines, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = np.zeros_like(inside)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.concatenate(outlines)), 1)
    if area / float(hull.sum()) < _HOLLOW:
        return "cross" if _turned_overlap(inside) > _TURNS_INTO_ITSELF else "star"
    filled = area / (box.width * box.height)
    if filled > _ROUND:
        return "square" if filled > _FULL else "circle"
    height = float(np.nonzero(inside)[0].mean()) / box.height
    return "triangle" if height > _LOW else "diamond"


def _turned_overlap(inside: NDArray[np.uint8]) -> float:
    side = max(inside.shape)
    square = cv2.resize(inside, (side, side), interpolation=cv2.INTER_NEAREST) > 0
    turned = np.rot90(square)
    return float((square & turned).sum() / (square | turned).sum())
