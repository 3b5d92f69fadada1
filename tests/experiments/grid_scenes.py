"""What the tests of grids share: cells, results, and pictures in a folder store."""

import io
from pathlib import Path

from PIL import Image

from darkroom.adapters.stores.folder import FolderStore
from darkroom.core.experiments.cells import Cell, Result, Scalar
from darkroom.core.experiments.grid_slots import Gathered

RUN = "demo/working/2026-01-01_00-00-00"


def cell(**labels: Scalar) -> Cell:
    return Cell(",".join(map(repr, labels.values())), labels, labels, "a circle", "", (), (), None)


def key_of(number: int) -> str:
    return f"{RUN}/images/iteration_{number:03d}.png"


def png(number: int, side: int = 8) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (side, side), (number % 256, 90, 160)).save(target, "PNG")
    return target.getvalue()


def drawn(of: Cell, seed: int, number: int, score: float | None, seconds: float = 1.0) -> Result:
    passed = None if score is None else score > 5
    return Result(of.id, seed, 1, key_of(number), score, passed, seconds, None)


def lost(of: Cell, seed: int, cause: str) -> Result:
    return Result(of.id, seed, 1, None, None, None, None, cause)


def gathered(
    cells: tuple[Cell, ...], results: tuple[Result, ...], seeds: tuple[int, ...] = (11, 22)
) -> Gathered:
    return Gathered("demo/first", cells, results, seeds, {}, 10.0)


def store_with(root: Path, count: int, side: int = 8) -> FolderStore:
    store = FolderStore(root)
    for number in range(count):
        store.put(key_of(number), png(number, side), "image/png")
    return store
