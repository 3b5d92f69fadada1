"""More kinds of picture to fit on: surfaces without objects, and how a picture is lit.

Owns five procedural kinds of texture, and the compositions that apply to any kind:
a sharp part before a soft ground, two pictures side by side, uneven light.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator

from training.lite.noise_fields import Field, colour, coloured, fractal

Kind = Callable[[Generator, int], Field]


def plain(rng: Generator, side: int) -> Field:
    """Nothing but a fractal surface, rough or smooth."""
    fine = fractal(rng, side, rng.uniform(0.6, 1.8))
    broad = fractal(rng, side, rng.uniform(1.8, 2.5))
    share = rng.uniform(0.2, 0.9)
    return coloured(fine * share + broad * (1 - share), colour(rng), colour(rng))


def strokes(rng: Generator, side: int) -> Field:
    """Thousands of thin strokes in one flow, like grass or hair."""
    picture = np.ascontiguousarray(plain(rng, side), np.float32)
    flow = fractal(rng, side, rng.uniform(1.6, 2.4)) * rng.uniform(0.5, 6) + rng.uniform(0, 6)
    base, spread = colour(rng), rng.uniform(10, 60)
    length = side * rng.uniform(0.01, 0.08)
    for _ in range(int(rng.integers(800, 5000))):
        x, y = (int(v) for v in rng.integers(0, side, 2))
        turn = flow[y, x] + rng.normal(0, 0.2)
        end = (int(x + np.cos(turn) * length), int(y + np.sin(turn) * length))
        tone = np.clip(base + rng.normal(0, spread), 0, 255).tolist()
        cv2.line(picture, (x, y), end, tone, int(rng.integers(1, 5)))
    return picture


def tiles(rng: Generator, side: int) -> Field:
    """A floor or a front seen at an angle."""
    count = int(rng.integers(5, 30))
    step = side // count + 1
    small = np.stack([colour(rng) for _ in range(2)])
    pick = rng.random((count + 2, count + 2)) < rng.uniform(0.2, 0.8)
    flat = np.repeat(np.repeat(small[pick.astype(int)], step, 0), step, 1)
    joint = colour(rng)
    thick = max(1, int(step * rng.uniform(0.02, 0.15)))
    for at in range(0, flat.shape[0], step):
        flat[at : at + thick], flat[:, at : at + thick] = joint, joint
    before = np.array([(0, 0), (side, 0), (side, side), (0, side)], np.float32)
    after = before + rng.normal(0, side * 0.2, (4, 2)).astype(np.float32)
    how = cv2.getPerspectiveTransform(before, after)
    seen = cv2.warpPerspective(
        flat.astype(np.float32),
        how,
        (side, side),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
    rough = fractal(rng, side, rng.uniform(0.7, 1.5))[..., None] - 0.5
    return seen + rough * rng.uniform(5, 70)


def waves(rng: Generator, side: int) -> Field:
    """Water under a light: crests that lean on each other, with glints."""
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32) / side
    height = np.zeros((side, side), np.float32)
    bend = fractal(rng, side, 2.0) * 0.3
    for _ in range(int(rng.integers(4, 12))):
        turn, pace = rng.uniform(0, np.pi), rng.uniform(10, 160)
        along = (columns + bend) * np.cos(turn) + (rows + bend) * np.sin(turn)
        height += np.sin(along * pace + rng.uniform(0, 6)) / pace**0.7
    lit = np.gradient(height, axis=0)
    lit = (lit - lit.mean()) / (lit.std() + 1e-9)
    glint = np.maximum(lit - rng.uniform(1.0, 2.5), 0)[..., None] * 120
    return coloured(np.clip(0.5 + 0.2 * lit, 0, 1), colour(rng), colour(rng)) + glint


def embers(rng: Generator, side: int) -> Field:
    """Bright specks on a dark ground."""
    picture = np.ascontiguousarray(plain(rng, side) * rng.uniform(0.1, 0.4), np.float32)
    for _ in range(int(rng.integers(30, 400))):
        at = tuple(int(v) for v in rng.integers(0, side, 2))
        cv2.circle(picture, at, int(rng.pareto(2) * 3) + 1, (colour(rng) + 60).tolist(), -1)
    return np.minimum(picture, 250)


KINDS: tuple[Kind, ...] = (plain, strokes, tiles, waves, embers)


def composed(first: Field, second: Field, rng: Generator) -> Field:
    """Two pictures as one: side by side along a rough line, or a sharp one before a soft one."""
    side = first.shape[0]
    field = fractal(rng, side, rng.uniform(1.8, 2.4))
    cover = np.clip((field - rng.uniform(0.35, 0.65)) * side / 4, 0, 1)[..., None]
    if rng.random() < 0.5:
        second = cv2.GaussianBlur(second, (0, 0), float(rng.uniform(2, side / 40)))
    return first * cover + second * (1 - cover)


def lit(picture: Field, rng: Generator) -> Field:
    """Uneven light, as from a window or with a dark corner."""
    side = picture.shape[0]
    light = cv2.resize(fractal(rng, 64, 2.6), (side, side), interpolation=cv2.INTER_CUBIC)
    return picture * (1 - rng.uniform(0, 0.7) * light[..., None])
