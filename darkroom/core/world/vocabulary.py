"""The closed vocabulary of the shape world: what can be drawn, and what it is called.

Owns the names, their colours and their synonyms. Order matters: the position of
a name, counted from one, is the number that the denoiser was trained with, so
names are only ever appended. Geometry is in `shapes` and `scene`.
"""

from collections.abc import Mapping
from types import MappingProxyType

Rgb = tuple[int, int, int]

COLOURS: Mapping[str, Rgb] = MappingProxyType(
    {
        "red": (222, 38, 42),
        "green": (38, 166, 62),
        "blue": (42, 84, 226),
        "yellow": (246, 216, 44),
        "purple": (142, 48, 172),
        "orange": (246, 132, 24),
        "cyan": (44, 202, 216),
        "pink": (246, 132, 192),
    }
)
BACKGROUNDS: Mapping[str, Rgb] = MappingProxyType(
    {
        "white": (250, 250, 250),
        "black": (14, 14, 14),
        "gray": (128, 128, 128),
        "beige": (226, 206, 170),
        "navy": (20, 28, 86),
    }
)
SHAPES = ("circle", "square", "triangle", "diamond", "star", "cross")
SIZES = ("small", "large")
PLACES = (
    "center",
    "top",
    "bottom",
    "left",
    "right",
    "top left",
    "top right",
    "bottom left",
    "bottom right",
)
RELATIONS = ("above", "below", "left of", "right of")
OPPOSITE: Mapping[str, str] = MappingProxyType(
    {"above": "below", "below": "above", "left of": "right of", "right of": "left of"}
)
MAX_OBJECTS = 4
