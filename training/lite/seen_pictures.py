"""The kinds of picture the lite coefficients are fitted on.

Owns six procedural kinds with objects, and how a picture of any kind is put together.
None of them is used to evaluate; unseen_pictures has those.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator

from training.lite import seen_surfaces
from training.lite.noise_fields import Field, Pixels, colour, coloured, finished, fractal, line

Kind = Callable[[Generator, int], Field]


def leaves(rng: Generator, side: int) -> Field:
    """Overlapping shapes of all sizes, some with a texture: occlusion as in nature."""
    picture = _ground(rng, side)
    texture = fractal(rng, side, rng.uniform(0.9, 1.5)) * 120 - 60
    for _ in range(int(rng.integers(30, 140))):
        mask = np.zeros((side, side), np.uint8)
        at = tuple(int(v) for v in rng.integers(0, side, 2))
        size = min(6 + float(rng.pareto(1.5)) * side / 50, side / 3)
        if rng.random() < 0.5:
            axes = (int(size) + 1, int(size * rng.uniform(0.3, 1)) + 1)
            cv2.ellipse(mask, at, axes, rng.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA)
        else:
            corners = np.array(at) + rng.normal(0, size, (int(rng.integers(3, 7)), 2))
            cv2.fillPoly(mask, [corners.astype(np.int32)], 255, cv2.LINE_AA)
        left, top, wide, high = cv2.boundingRect(mask)
        here = (slice(top, top + high), slice(left, left + wide))
        cover = mask[here][..., None].astype(np.float32) / 255
        tone = colour(rng) + (texture[here][..., None] if rng.random() < 0.4 else 0)
        picture[here] += cover * (tone - picture[here])
    return picture


def hills(rng: Generator, side: int) -> Field:
    """A sky over ridges that fade with distance."""
    fall = np.linspace(0, 1, side, dtype=np.float32)[:, None].repeat(side, 1)
    clouds = fractal(rng, side, rng.uniform(1.6, 2.2))
    sky = colour(rng)
    picture = coloured(fall, sky, colour(rng)) + clouds[..., None] * rng.uniform(0, 90)
    heights = np.arange(side)[:, None]
    layers = int(rng.integers(3, 7))
    for layer in range(layers):
        ridge = side * (0.25 + 0.6 * layer / layers + 0.25 * line(rng, side, 1.2))
        ground = coloured(fractal(rng, side, rng.uniform(0.8, 1.4)), colour(rng), colour(rng))
        haze = 0.7 * (1 - (layer + 1) / layers)
        cover = np.clip(heights - ridge[None], 0, 1)[..., None].astype(np.float32)
        picture += cover * (ground * (1 - haze) + sky * haze - picture)
    return picture


def streets(rng: Generator, side: int) -> Field:
    """Fronts with windows, cables and rough walls."""
    picture = _ground(rng, side)
    for _ in range(int(rng.integers(5, 14))):
        left, top = (int(v) for v in rng.integers(-side // 8, side, 2))
        wide, high = (int(v) for v in rng.integers(side // 8, side // 2, 2))
        wall = colour(rng)
        cv2.rectangle(picture, (left, top), (left + wide, top + high), wall.tolist(), -1)
        step = int(rng.integers(12, 60))
        pane = colour(rng).tolist()
        for x in range(left + step // 4, left + wide - step // 2, step):
            for y in range(top + step // 4, top + high - step // 2, step):
                cv2.rectangle(picture, (x, y), (x + step // 2, y + step // 2), pane, -1)
    for _ in range(int(rng.integers(2, 14))):
        ends = rng.integers(0, side, (2, 2))
        thick = int(rng.integers(1, 7))
        cv2.line(picture, ends[0].tolist(), ends[1].tolist(), colour(rng).tolist(), thick)
    rough = fractal(rng, side, rng.uniform(0.5, 1.2)) - 0.5
    return picture + rough[..., None] * rng.uniform(5, 60)


def drawings(rng: Generator, side: int) -> Field:
    """Flat colours with outlines on a plain or shaded ground, as in a cartoon."""
    fall = np.linspace(0, 1, side, dtype=np.float32)[:, None].repeat(side, 1)
    picture = np.ascontiguousarray(coloured(fall * (rng.random() < 0.6), colour(rng), colour(rng)))
    ink = (colour(rng) * 0.2).tolist()
    for _ in range(int(rng.integers(4, 22))):
        at = tuple(int(v) for v in rng.integers(0, side, 2))
        size = int(rng.integers(side // 30, side // 5))
        corners = (np.array(at) + rng.normal(0, size, (int(rng.integers(3, 6)), 2))).astype(
            np.int32
        )
        tone = colour(rng).tolist()
        if rng.random() < 0.5:
            cv2.circle(picture, at, size, tone, -1)
            cv2.circle(picture, at, size, ink, int(rng.integers(2, 9)))
        else:
            cv2.fillPoly(picture, [corners], tone)
            cv2.polylines(picture, [corners], True, ink, int(rng.integers(2, 9)))
    return picture


def spheres(rng: Generator, side: int) -> Field:
    """Rounded, shaded bodies with a gloss before a soft ground."""
    ground = _ground(rng, side)
    picture = cv2.GaussianBlur(ground, (0, 0), float(rng.uniform(2, 14)))
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    light = rng.normal(size=3)
    light /= np.linalg.norm(light)
    skin = fractal(rng, side, rng.uniform(0.8, 1.6))[..., None]
    for _ in range(int(rng.integers(3, 12))):
        x, y = rng.uniform(0, side, 2)
        size = rng.uniform(side / 16, side / 4)
        across, down = (columns - x) / size, (rows - y) / size
        inside = 1 - across**2 - down**2
        height = np.sqrt(np.maximum(inside, 0))
        lit = np.clip(across * light[0] + down * light[1] + height * abs(light[2]), 0, 1)
        body = colour(rng) * (0.25 + 0.9 * lit[..., None]) * (0.7 + 0.6 * skin)
        body += 200 * (lit[..., None] ** rng.uniform(12, 60))
        cover = np.clip(inside * size / 2, 0, 1)[..., None]
        picture += cover * (body - picture)
    return picture


def pages(rng: Generator, side: int) -> Field:
    """Words and rules on paper or on a surface."""
    picture = np.ascontiguousarray(_ground(rng, side) * 0.25 + colour(rng) * 0.75)
    letters = np.array(list("abcdefghiklmnopqrstuvwABCDEFGHKLMNPRSTXYZ0123456789  "))
    for row in range(int(rng.integers(8, 22))):
        words = "".join(rng.choice(letters, int(rng.integers(6, 40))))
        size, at = float(rng.uniform(0.5, 3.5)), (int(rng.integers(0, side // 3)), row * side // 14)
        font = int(rng.integers(0, 5))
        mask = np.zeros((side, side), np.uint8)
        cv2.putText(mask, words, at, font, size, 255, int(rng.integers(1, 5)), cv2.LINE_AA)
        picture += mask[..., None] / np.float32(255) * (colour(rng) - picture)
    return picture


KINDS: tuple[Kind, ...] = (leaves, hills, streets, drawings, spheres, pages)


def _ground(rng: Generator, side: int) -> Field:
    ground = coloured(fractal(rng, side, rng.uniform(1.0, 2.0)), colour(rng), colour(rng))
    return np.ascontiguousarray(ground, np.float32)


def drawn(number: int, rng: Generator, side: int) -> Pixels:
    """The picture of a number: its kind follows from it, its scale and light are random."""
    kinds = (*KINDS, *seen_surfaces.KINDS)
    large = round(side * rng.uniform(1.5, 3.0))
    picture = kinds[number % len(kinds)](rng, large)
    if rng.random() < 0.4:
        other = kinds[int(rng.integers(len(kinds)))](rng, large)
        picture = seen_surfaces.composed(picture, other, rng)
    if rng.random() < 0.4:
        picture = seen_surfaces.lit(picture, rng)
    return finished(np.asarray(picture, np.float32), side)
