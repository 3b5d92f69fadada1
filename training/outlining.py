"""The look of the shipped style: every object with a thin line along its edge.

Owns how such a picture is drawn. The line is black on light backgrounds and
white on dark ones, so that it can be seen on each.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from darkroom.adapters.vision.drawing import cover, draw
from darkroom.core.world.scene import Scene, SceneObject
from darkroom.core.world.shapes import OUTLINES

LINE = 0.028  # width inside the edge as a share of the side
DARK_GROUNDS = frozenset({"black", "navy"})
_FINE = 4
_SHIFT = 4


def draw_outlined(
    scene: Scene, side: int, shift: NDArray[np.float64] | None = None
) -> NDArray[np.uint8]:
    """The picture of a scene in this style."""
    picture = draw(scene, side, shift).astype(np.float32)
    ink = 252.0 if scene.background in DARK_GROUNDS else 8.0
    for item in scene.objects:
        picture += _line(item, side)[..., None] * (ink - picture)
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)


def _line(item: SceneObject, side: int) -> NDArray[np.float32]:
    points = np.asarray(OUTLINES[item.shape]) * item.radius + (item.x, item.y)
    corners = np.round((points * side * _FINE - 0.5) * (1 << _SHIFT)).astype(np.int32)
    fine = np.zeros((side * _FINE, side * _FINE), np.uint8)
    width = max(1, round(2 * LINE * side * _FINE))
    cv2.polylines(fine, [corners], True, 255, width, cv2.LINE_AA, _SHIFT)
    small = cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA)
    inside = cover(item.shape, (item.x * side, item.y * side), item.radius * side, side)
    return np.asarray(np.minimum(small / 255, inside), np.float32)
