"""The kinds of picture the lite coefficients are evaluated on, and never fitted on.

Owns five procedural kinds that share no drawing code with seen_pictures.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator
from scipy.spatial import cKDTree

from training.lite.noise_fields import Field, colour, coloured, fractal

Kind = Callable[[Generator, int], Field]


def stones(rng: Generator, side: int) -> Field:
    """Cells with a rim and a shade each, like a wall of stones."""
    seeds = rng.uniform(0, side, (int(rng.integers(40, 500)), 2))
    rows, columns = np.mgrid[0:side, 0:side]
    near, cell = cKDTree(seeds).query(np.stack([rows, columns], -1).reshape(-1, 2), k=2)
    rim = np.clip((near[:, 1] - near[:, 0]).reshape(side, side) / rng.uniform(3, 10), 0, 1)
    base = colour(rng)
    tones = np.stack([base + rng.normal(0, 30, 3) for _ in seeds]).astype(np.float32)
    body = tones[cell[:, 0].reshape(side, side)]
    grain = fractal(rng, side, rng.uniform(0.7, 1.3))[..., None] - 0.5
    return ((body + grain * rng.uniform(20, 120)) * (0.2 + 0.8 * rim[..., None])).astype(np.float32)


def marble(rng: Generator, side: int) -> Field:
    """Veins: stripes bent by a field."""
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32) / side
    bend = fractal(rng, side, rng.uniform(1.3, 1.9)) * rng.uniform(1, 6)
    turn = rng.uniform(0, np.pi)
    along = (rows * np.cos(turn) + columns * np.sin(turn)) * rng.uniform(2, 14)
    veins = np.abs(np.sin(np.pi * (along + bend))) ** rng.uniform(0.3, 2)
    fine = fractal(rng, side, 1.0)[..., None] * rng.uniform(0, 60)
    return (coloured(veins.astype(np.float32), colour(rng), colour(rng)) + fine).astype(np.float32)


def branches(rng: Generator, side: int) -> Field:
    """A thicket of twigs before a sky, thinner and thinner."""
    sky = coloured(fractal(rng, side, 2.0), colour(rng), colour(rng))
    picture = np.ascontiguousarray(sky, np.float32)
    todo = [
        (rng.uniform(0, side), float(side), -np.pi / 2 + rng.normal(0, 0.2), side / 5, side / 40)
        for _ in range(int(rng.integers(2, 6)))
    ]
    while todo:
        x, y, turn, length, thick = todo.pop()
        end = (x + np.cos(turn) * length, y + np.sin(turn) * length)
        tone = (colour(rng) * 0.5).tolist()
        ends = [tuple(int(v * 16) for v in point) for point in ((x, y), end)]
        cv2.line(picture, ends[0], ends[1], tone, max(1, int(thick)), cv2.LINE_AA, 4)
        if length > side / 60:
            for _ in range(2):
                share = rng.uniform(0.6, 0.85)
                bent = turn + rng.normal(0, 0.5)
                todo.append((end[0], end[1], bent, length * share, thick * 0.65))
    return picture


def cloth(rng: Generator, side: int) -> Field:
    """A woven cloth in folds."""
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    folds = fractal(rng, side, 2.2)
    pitch = rng.uniform(6, 24)
    push = folds * side * rng.uniform(0.1, 0.5)
    across = np.sin(2 * np.pi * (columns + push) / pitch)
    down = np.sin(2 * np.pi * (rows + push * 0.5) / pitch)
    weave = (np.maximum(across, down) + 1) / 2
    lit = 0.35 + 0.9 * folds[..., None]
    bands = (np.sin((columns + push) / rng.uniform(20, 90)) > rng.uniform(-0.5, 0.9))[..., None]
    body = coloured(weave.astype(np.float32), colour(rng), colour(rng))
    return (np.where(bands, body, body * 0.6) * lit).astype(np.float32)


def lamps(rng: Generator, side: int) -> Field:
    """Night: a few lamps with halos, wet reflections and dark silhouettes."""
    picture = coloured(fractal(rng, side, 1.6), colour(rng) * 0.15, colour(rng) * 0.4)
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    for _ in range(int(rng.integers(6, 30))):
        x, y, size = rng.uniform(0, side), rng.uniform(0, side), rng.uniform(4, side / 24)
        away = np.hypot(columns - x, (rows - y) * rng.uniform(0.4, 1.2))
        glow = np.clip((size - away) / 2 + 1, 0, 1) + 0.4 * np.exp(-away / (3 * size))
        picture = picture + glow[..., None] * (100 + colour(rng) * 0.6)
    picture = np.ascontiguousarray(np.minimum(picture, 250), np.float32)
    for _ in range(int(rng.integers(3, 12))):
        corners = rng.uniform(0, side, 2) + rng.normal(0, side / 10, (5, 2))
        cv2.fillPoly(picture, [corners.astype(np.int32)], (colour(rng) * 0.3).tolist())
    return picture


KINDS: tuple[Kind, ...] = (stones, marble, branches, cloth, lamps)
