"""`darkroom experiment grid`: the cells of an experiment as a page or as a sheet.

Owns where the files go and what the command tells of them. The page is written by
`grid_page`, the sheet by `grid_sheet`; neither asks a server.
"""

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from PIL import Image

from darkroom.adapters.images import decode
from darkroom.adapters.projects import project_folder
from darkroom.adapters.settings import Lab, open_lab
from darkroom.adapters.stores import opened_store
from darkroom.adapters.stores.protocol import Store
from darkroom.core.errors import DataError, OutsideError, StoreError, StoreUnavailable, UsageError
from darkroom.core.experiments.grid_slots import Gathered, Pick
from darkroom.core.experiments.gridding import Grid, Layout, arrange
from darkroom.experiments.adaptive import pareto_front
from darkroom.experiments.declared import split
from darkroom.experiments.grid_gather import gather
from darkroom.experiments.grid_page import page, summary
from darkroom.experiments.grid_pictures import pictures
from darkroom.experiments.grid_sheet import sheets

PAGE = "grid.html"
Advance = Callable[[int], None]


@dataclass(frozen=True)
class GridOptions:
    """How a grid is asked for."""

    x: str | None = None
    y: str | None = None
    layout: Layout | None = None
    pick: Literal["best", "median"] = "best"
    seed: int | None = None
    """One of the seeds, or which of them, from 1."""
    format: Literal["html", "png"] = "html"
    output: Path | None = None


@dataclass(frozen=True)
class Made:
    """What was written."""

    name: str
    files: tuple[str, ...]
    cells: int
    images: int
    summary: str
    unreadable: int
    """Images that are in the store but cannot be shown."""


def make_grid(
    name: str, options: GridOptions, advance: Advance | None = None, lab: Lab | None = None
) -> Made:
    """Write the grid of an experiment; UsageError where it never ran or an axis is unknown."""
    lab = lab or open_lab()
    gathered = gather(name, lab)
    pick = picked(gathered, options)
    grid = arrange(gathered, options.x, options.y, options.layout)
    folder = options.output or _usual(lab, name)
    with opened_store(lab) as store, _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if options.format == "html":
            files, unreadable = _page(grid, store, folder, pick, advance)
        else:
            files, unreadable = _sheets(grid, store, folder, pick, advance)
    return Made(
        name=gathered.name,
        files=tuple(str(file) for file in files),
        cells=sum(slot.cell is not None for slot in grid.slots),
        images=sum(len(slot.images) for slot in grid.slots),
        summary=summary(grid),
        unreadable=unreadable,
    )


def picked(gathered: Gathered, options: GridOptions) -> Pick:
    """Which image stands for a cell; UsageError where there is no such seed."""
    seeds, wanted = gathered.seeds, options.seed
    if wanted is None:
        return options.pick
    if wanted in seeds:
        return wanted
    if 1 <= wanted <= len(seeds):
        return seeds[wanted - 1]
    shown = ", ".join(map(str, seeds))
    raise UsageError("grid-seed", f"{wanted} is none of the seeds {shown}, and no place among them")


def _usual(lab: Lab, name: str) -> Path:
    project, experiment = split(name)
    return project_folder(lab, project) / "output" / "experiments" / experiment


def _page(
    grid: Grid, store: Store, folder: Path, pick: Pick, advance: Advance | None
) -> tuple[list[Path], int]:
    keys = [image.image or "" for slot in grid.slots for image in slot.images]
    found = pictures(store, keys, folder, advance)
    front = pareto_front([slot.score for slot in grid.slots if slot.score])
    target = folder / PAGE
    _write(target, page(grid, found, pick, front).encode())
    return [target], len(set(keys) - set(found))


def _sheets(
    grid: Grid, store: Store, folder: Path, pick: Pick, advance: Advance | None
) -> tuple[list[Path], int]:
    lost: list[str] = []
    load = partial(loaded, store, lost, advance)
    written: list[Path] = []
    for number, data in enumerate(sheets(grid, load, pick, summary(grid)), 1):
        target = folder / f"grid_{number:02d}.png"
        _write(target, data)
        written.append(target)
    for left in folder.glob("grid_*.png"):
        # pages of an earlier, longer sheet would look as if they belonged to this one
        if re.fullmatch(r"grid_\d{2,}\.png", left.name) and left not in written:
            left.unlink()
    return written, len(lost)


def loaded(store: Store, lost: list[str], advance: Advance | None, key: str) -> Image.Image | None:
    """Read one picture for a sheet; what cannot be read is noted as lost."""
    if advance:
        advance(1)
    try:
        return decode(store.get(key)).picture
    except StoreUnavailable:
        raise
    except (DataError, StoreError):
        lost.append(key)
        return None


def _write(target: Path, data: bytes) -> None:
    beside = target.with_suffix(".part")
    beside.write_bytes(data)
    beside.replace(target)


@contextmanager
def _writing(folder: Path) -> Generator[None]:
    try:
        yield
    except OSError as exc:
        raise OutsideError("grid-write", f"{exc.strerror or exc}", where=str(folder)) from exc
