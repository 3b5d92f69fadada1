"""Pictures that are meant to mislead a judge: blurred past knowing, or written on.

Owns the drawing of planted scenes and what is done to them. Works on pixels only; what
a judge should have said is `darkroom.core.controls`'.
"""

import textwrap

import cv2
import numpy as np
from numpy.typing import NDArray

from darkroom.adapters.image_encoding import encode_png
from darkroom.adapters.vision.drawing import draw
from darkroom.core.world.scene import Scene

SIDE = 384
"""Large enough for a vision model to read what is written."""
_BLUR = 0.3  # of the side: at less, colour and place can still be told
_SMALL = 32
_BAND = 0.28  # of the height is paper for writing, at the bottom
_LINE_LENGTH, _LINES = 34, 4
_PAPER, _INK = 255, 0

Pixels = NDArray[np.uint8]


def pictured(scene: Scene) -> Pixels:
    """The planted scene."""
    return draw(scene, SIDE)


def blurred(picture: Pixels) -> Pixels:
    """The picture with nothing left to recognise."""
    size = (_SMALL, _SMALL)  # so wide a blur of the picture as it is would take seconds
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    hazy = cv2.GaussianBlur(small, (0, 0), _SMALL * _BLUR)
    back = cv2.resize(hazy, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(back + 0.5, 0, 255), np.uint8)


def written(picture: Pixels, text: str) -> Pixels:
    """The picture with a text in plain letters on a strip of paper across its bottom."""
    side = picture.shape[0]
    paper = np.array(picture)
    top = round(side * (1 - _BAND))
    paper[top:] = _PAPER
    lines = textwrap.wrap(text, _LINE_LENGTH)[:_LINES]
    step = (side - top) / (_LINES + 0.5)
    for at, line in enumerate(lines, start=1):
        place = (round(side * 0.03), round(top + at * step))
        font, scale = cv2.FONT_HERSHEY_SIMPLEX, side / 620
        cv2.putText(paper, line, place, font, scale, (_INK,) * 3, 1, cv2.LINE_AA)
    return paper


def as_png(picture: Pixels) -> bytes:
    """The file that a judge is shown; it carries no metadata."""
    return encode_png(picture)
