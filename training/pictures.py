"""Render the training pictures once, into plain arrays on disk.

    python -m training.pictures --out FOLDER [--scale 1.0]

Owns the data set: how many pictures of one to four objects, which seeds. Every
chunk has its own seed, so the data does not depend on how many processes drew it.
"""

import argparse
import time
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from darkroom.adapters.vision.drawing import cover
from darkroom.core.world.facts import FIELD_COUNT, encode
from darkroom.core.world.scene import Scene
from darkroom.core.world.vocabulary import BACKGROUNDS, COLOURS
from training.scenes import draw_sample

LATENT_SIDE = 32
COLOUR_JITTER = 4.0
CHUNK = 5000
PICTURES = {1: 70_000, 2: 90_000, 3: 90_000, 4: 90_000}


def picture_and_mask(
    scene: Scene, rng: Generator, side: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A slightly recoloured picture, and where its objects and their rims are."""
    base = np.asarray(BACKGROUNDS[scene.background], np.float32)
    picture = np.empty((side, side, 3), np.float32)
    picture[:] = np.clip(base + rng.uniform(-COLOUR_JITTER, COLOUR_JITTER, 3), 0, 255)
    union = np.zeros((side, side), np.float32)
    for item in scene.objects:
        mask = cover(item.shape, (item.x * side, item.y * side), item.radius * side, side)
        jitter = rng.uniform(-COLOUR_JITTER, COLOUR_JITTER, 3)
        colour = np.clip(np.asarray(COLOURS[item.colour]) + jitter, 0, 255).astype(np.float32)
        picture += mask[..., None] * (colour - picture)
        union = np.maximum(union, mask)
    rim = cv2.dilate(union, np.ones((5, 5), np.uint8)) > 0.1
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8), rim.astype(np.uint8)


def _chunk(job: tuple[int, int]) -> tuple[NDArray[np.uint8], ...]:
    count, seed = job
    rng = np.random.default_rng([count, seed])
    pictures = np.empty((CHUNK, LATENT_SIDE, LATENT_SIDE, 3), np.uint8)
    masks = np.empty((CHUNK, LATENT_SIDE, LATENT_SIDE), np.uint8)
    fields = np.empty((CHUNK, FIELD_COUNT), np.uint8)
    for at in range(CHUNK):
        sample = draw_sample(rng, count, mislabel=True)
        pictures[at], masks[at] = picture_and_mask(sample.scene, rng, LATENT_SIDE)
        fields[at] = encode(sample.facts).fields
    return pictures, masks, fields


def main() -> None:
    """Write pictures, masks and field numbers for each number of objects."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scale", type=float, default=1.0)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with Pool(2) as pool:
        for count, wanted in PICTURES.items():
            jobs = [(count, seed) for seed in range(max(1, int(wanted * arguments.scale) // CHUNK))]
            parts = zip(*pool.map(_chunk, jobs, chunksize=1), strict=True)
            for name, part in zip(("pictures", "masks", "fields"), parts, strict=True):
                np.save(arguments.out / f"{name}-{count}.npy", np.concatenate(part))
            print(
                f"{count} objects: {len(jobs) * CHUNK} pictures, {time.monotonic() - started:.0f} s"
            )


if __name__ == "__main__":
    main()
