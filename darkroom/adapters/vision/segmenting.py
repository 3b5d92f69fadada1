"""Find the things in a picture: where they are and what colour they have.

Owns the split of a picture into background and soft object masks, at one fixed
working size so that the size of the file makes no difference. What shape a mask
has is decided in `fitting`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from darkroom.core.world.measured import Read
from darkroom.core.world.vocabulary import BACKGROUNDS, COLOURS

SIDE = 128
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Labels = NDArray[np.intp]

_BORDER = 3
_DIFFERENT = 17.0  # distance in Lab from the background that counts as something
_SMALLEST = 90  # pixels at the working size; smaller specks are not things
_SECOND_COLOUR = 0.12  # a colour with this share of a blob's core is a thing of its own
_COLOUR_LIMIT = 34.0  # distance in Lab at which a colour is no longer sure
_GROUND_LIMIT = 24.0
_LINED = 0.08  # share of a thing that is black or white when it has a drawn line
_VISIBLE = 60.0  # RGB distance of such a line from the background
_UNEVEN = 40.0  # pixels of the border further than this from its median are not of it


@dataclass(frozen=True)
class Blob:
    """One thing: its colour, and how much of each pixel it covers."""

    colour: Read
    cover: Floats


@dataclass(frozen=True)
class Segments:
    """A picture taken apart."""

    background: Read
    blobs: tuple[Blob, ...]


def segment(pixels: NDArray[np.uint8]) -> Segments:
    """Take a picture of any size apart."""
    picture = _at_working_size(pixels)
    calm = np.asarray(cv2.GaussianBlur(cv2.medianBlur(picture, 3), (0, 0), 0.8), np.uint8)
    lab = _lab(calm)
    ground = np.median(_border(lab), axis=0)
    different = np.linalg.norm(lab - ground, axis=-1) > _DIFFERENT
    soft = cv2.GaussianBlur(picture, (0, 0), 0.6).astype(np.float32)
    ground_rgb = np.median(_border(soft), axis=0)
    labels = _labels(lab)
    blobs = tuple(
        Blob(colour, _soft_cover(soft, ground_rgb, mask, labels == _INK))
        for colour, mask in _things(lab, labels, different)
    )
    return Segments(_background(picture, ground), blobs)


def _background(picture: NDArray[np.uint8], ground: Floats) -> Read:
    """The background's name; unsure where the border has not one colour."""
    read = _nearest(ground, _GROUND_LAB, _GROUND_LIMIT)
    distances = np.linalg.norm(_border(_lab(picture)) - ground, axis=-1)
    even = float((distances < _UNEVEN).mean())
    return Read(read.word, min(read.confidence, even))


def _at_working_size(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if pixels.shape[:2] == (SIDE, SIDE):
        return pixels
    shrinking = min(pixels.shape[:2]) >= SIDE
    method = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (SIDE, SIDE), interpolation=method), np.uint8)


def _lab(picture: NDArray[np.uint8]) -> Floats:
    scaled = picture.astype(np.float32) / 255
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2LAB), np.float32)


def _palette(colours: dict[str, tuple[int, int, int]]) -> tuple[tuple[str, ...], Floats]:
    row = np.array([list(colours.values())], np.uint8)
    return tuple(colours), _lab(row)[0]


_COLOUR_LAB = _palette(dict(COLOURS))
_GROUND_LAB = _palette(dict(BACKGROUNDS))
_INK_LAB = _palette({"black": (8, 8, 8), "white": (252, 252, 252)})[1]
_INK = len(_COLOUR_LAB[0])  # the label of pixels that no object can have, such as drawn lines


def _border(picture: Floats) -> Floats:
    inner = np.zeros(picture.shape[:2], bool)
    inner[_BORDER:-_BORDER, _BORDER:-_BORDER] = True
    return picture[~inner]


def _nearest(colour: Floats, palette: tuple[tuple[str, ...], Floats], limit: float) -> Read:
    """The nearest palette name; sure while it is near, and nearer than any other."""
    names, values = palette
    distances = np.linalg.norm(values - colour, axis=1)
    first, second = np.argsort(distances)[:2]
    closeness = 1 - 0.5 * float(distances[first]) / limit
    lead = float((distances[second] - distances[first]) / (distances[second] + 1e-6))
    return Read(names[int(first)], float(np.clip(min(closeness, 0.5 + 2 * lead), 0, 1)))


def _labels(lab: Floats) -> Labels:
    """The nearest palette colour of each pixel; black and white lines count as INK."""
    distances = [np.square(lab - value).sum(-1) for value in (*_COLOUR_LAB[1], *_INK_LAB)]
    nearest = np.stack(distances).argmin(0)
    return np.minimum(nearest, _INK)


def _things(lab: Floats, labels: Labels, different: Mask) -> Iterator[tuple[Read, Mask]]:
    for mask in _pieces(different):
        core = _eroded(mask, 5)
        counts = np.bincount(labels[core], minlength=_INK + 1)[:_INK]
        present = np.flatnonzero(counts > _SECOND_COLOUR * counts.sum())
        if len(present) == 1:
            yield _colour_of(lab, core & (labels == present[0])), mask
            continue
        for label in present:
            for piece in _pieces(_grown(core & (labels == label), mask, labels == label)):
                yield _colour_of(lab, piece & (labels == label)), piece


def _colour_of(lab: Floats, pixels: Mask) -> Read:
    return _nearest(np.median(lab[pixels], axis=0), _COLOUR_LAB, _COLOUR_LIMIT)


def _grown(seed: Mask, blob: Mask, own: Mask) -> Mask:
    """A seed and the pixels of its blob around it that have its colour or lie on the rim."""
    near = cv2.dilate(seed.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    return near & blob & (own | ~_eroded(blob, 3))


def _eroded(mask: Mask, size: int) -> Mask:
    """A mask without its rim; the whole of one too thin to have more than a rim."""
    inner = cv2.erode(mask.astype(np.uint8), np.ones((size, size), np.uint8)) > 0
    return inner if inner.any() else mask


def _pieces(mask: Mask) -> Iterator[Mask]:
    """Connected parts that are large enough, with thin bridges between them cut."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    whole = np.asarray(cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)[1])
    large = [n for n in range(1, count) if stats[n, cv2.CC_STAT_AREA] >= _SMALLEST]
    homes = [int(whole[parts == part].max()) for part in large]
    for part, home in zip(large, homes, strict=True):
        yield (whole == home) if homes.count(home) == 1 else (parts == part)


def _soft_cover(picture: Floats, ground: Floats, mask: Mask, ink: Mask) -> Floats:
    """How far each pixel is on the way from the background to the thing's own colour."""
    way = np.median(picture[_eroded(mask, 5)], axis=0) - ground
    share = (picture - ground) @ way / max(float(way @ way), 1.0)
    drawn = ink & _eroded(mask, 3)
    if drawn.sum() > _LINED * mask.sum():  # a line along the edge is part of the thing
        contrast = float(np.linalg.norm(np.median(picture[drawn], axis=0) - ground))
        if contrast > _VISIBLE:
            share = np.maximum(share, np.linalg.norm(picture - ground, axis=-1) / contrast)
    near = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return np.asarray(np.clip(share, 0, 1) * near, np.float32)
