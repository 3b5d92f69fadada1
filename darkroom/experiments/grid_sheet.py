"""The sheet of an experiment's grid: PNG pages to print, send or put into a document.

Owns how large tiles are and which rows come on which page. A page never has more pixels
than `MOST_PIXELS`, however many cells there are: tiles shrink first, then pages follow one
another. One page is in memory at a time.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from io import BytesIO

from PIL import Image

from darkroom.core.experiments.grid_slots import Pick, Slot
from darkroom.core.experiments.gridding import Grid, Group
from darkroom.experiments.grid_tiles import (
    GAP,
    LINE,
    PAPER,
    Brush,
    Look,
    head_width,
    lines_of,
)
from darkroom.experiments.grid_words import labels_text, value_text

MOST_PIXELS = 32_000_000
LONGEST_SIDE = 12_000
_SIDES = (192, 160, 128, 96)
_PAGES = 4
"""Tiles shrink until there are no more pages than this, or until they are the smallest."""
_COARSE = 2
"""Pictures enlarged by more than this keep their pixels sharp."""
_TOP = 40
_LANES = 12
"""So many groups at most stand side by side."""
_AT_A_TIME = 4
Load = Callable[[str], Image.Image | None]


@dataclass(frozen=True)
class _Block:
    """Some rows and columns of one group, on one page."""

    group: Group
    rows: range
    columns: range
    x: int
    y: int


@dataclass(frozen=True)
class _Sheet:
    width: int
    height: int
    blocks: tuple[_Block, ...]


def sheets(grid: Grid, load: Load, pick: Pick = "best", subtitle: str = "") -> Iterator[bytes]:
    """Paint one page after the other; `load` gives the picture of a key."""
    look = _look(grid)
    pages = _pages(grid, look)
    with ThreadPoolExecutor(_AT_A_TIME) as threads:
        loader = _Loader(load, pick, threads)
        for number, sheet in enumerate(pages, 1):
            title = grid.name + (f" ({number} of {len(pages)})" if len(pages) > 1 else "")
            brush = Brush(Image.new("RGB", (sheet.width, sheet.height), PAPER), look)
            brush.text((GAP, 10), title, sheet.width - 2 * GAP, size=18)
            brush.text((GAP, 32), subtitle, sheet.width - 2 * GAP, soft=True)
            for block in sheet.blocks:
                _paint(brush, grid, block, loader)
            written = BytesIO()
            brush.page.save(written, "PNG")
            yield written.getvalue()


class _Loader:
    """Loads the pictures of one row at a time, each as large as its tile."""

    def __init__(self, load: Load, pick: Pick, threads: ThreadPoolExecutor) -> None:
        self._load = load
        self._pick: Pick = pick
        self._threads = threads

    def row(self, slots: Sequence[Slot], side: int) -> list[Image.Image | None]:
        return list(self._threads.map(partial(self._small, side), slots))

    def _small(self, side: int, slot: Slot) -> Image.Image | None:
        shown = slot.shown(self._pick)
        picture = self._load(shown.image) if shown and shown.image else None
        if picture is None:
            return None
        scale = side / max(picture.size)
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        is_coarse = scale >= _COARSE
        method = Image.Resampling.NEAREST if is_coarse else Image.Resampling.LANCZOS
        return picture.convert("RGB").resize(size, method)


# -- where things go -----------------------------------------------------------


def _look(grid: Grid) -> Look:
    """The largest tiles that need few pages."""
    rows = grid.y.values if grid.y else ()
    head = head_width((*rows, _corner(grid))) if grid.layout == "crossed" else 0
    values = 3 if grid.layout == "ranked" else 0
    looks = [Look(side, head, lines_of(side) + values) for side in _SIDES]
    fitting = (look for look in looks if len(_pages(grid, look)) <= _PAGES)
    return next(fitting, looks[-1])


def _pages(grid: Grid, look: Look) -> list[_Sheet]:
    """Put the rows of all groups onto pages, the heads of columns above them each time."""
    most = max((len(row) for group in grid.groups for row in group.rows), default=1)
    fitting = max(1, (LONGEST_SIDE - look.head - 2 * GAP) // look.step_x)
    found: list[_Sheet] = []
    for first in range(0, most, fitting):
        columns = range(first, min(most, first + fitting))
        wide = look.head + len(columns) * look.step_x + GAP
        lanes = range(1, min(len(grid.groups), _LANES, (LONGEST_SIDE - GAP) // wide) + 1)
        ways = [list(_flowed(grid, look, columns, wide, count)) for count in lanes]
        found += min(ways, key=_unhandy, default=[_Sheet(wide + GAP, _TOP + LINE + GAP, ())])
    return found


def _unhandy(pages: Sequence[_Sheet]) -> tuple[int, float]:
    """Few pages are handy, and such as are neither a ribbon nor a tower."""
    return len(pages), abs(math.log(pages[0].width / pages[0].height))


def _flowed(grid: Grid, look: Look, columns: range, wide: int, lanes: int) -> Iterator[_Sheet]:
    """Fill lanes side by side from the top down, and page after page."""
    width, top = lanes * wide + GAP, _TOP + LINE
    heights = [_above(group) + len(group.rows) * look.step_y for group in grid.groups]
    even = top + -(-len(heights) // lanes) * max(heights, default=0) + GAP
    highest = min(LONGEST_SIDE, MOST_PIXELS // width, even)
    blocks: list[_Block] = []
    lane, y = 0, top
    for group, height in zip(grid.groups, heights, strict=True):
        row = 0
        while row < len(group.rows):
            fitting = (highest - y - _above(group) - GAP) // look.step_y
            is_fresh = y == top
            if not is_fresh and (fitting < 1 or (row == 0 and y + height + GAP > highest)):
                lane, y = lane + 1, top
                if lane == lanes:
                    yield _sheet(width, blocks, look)
                    blocks, lane = [], 0
                continue
            rows = range(row, min(len(group.rows), row + max(1, fitting)))
            blocks.append(_Block(group, rows, columns, GAP + lane * wide, y))
            y += _above(group) + len(rows) * look.step_y
            row = rows.stop
    yield _sheet(width, blocks, look)


def _above(group: Group) -> int:
    """The room for the name of a group and the heads of its columns."""
    return (2 if group.labels else 1) * (LINE + 8)


def _sheet(width: int, blocks: Sequence[_Block], look: Look) -> _Sheet:
    ends = (block.y + _above(block.group) + len(block.rows) * look.step_y for block in blocks)
    return _Sheet(width, max(ends, default=_TOP + LINE) + GAP, tuple(blocks))


# -- painting ------------------------------------------------------------------


def _paint(brush: Brush, grid: Grid, block: _Block, loader: _Loader) -> None:
    look, y = brush.look, block.y
    if block.group.labels:
        width = look.head + len(block.columns) * look.step_x - GAP
        brush.text((block.x, y + 4), labels_text(block.group.labels), width, size=15)
        y += LINE + 8
    if grid.layout == "crossed":
        _heads(brush, grid, block, y)
    y += LINE + 8
    for number in block.rows:
        slots = block.group.rows[number][block.columns.start : block.columns.stop]
        if grid.y:
            brush.wrapped((block.x, y), value_text(grid.y.values[number]), look.head - 2 * GAP, 6)
        for place, (slot, picture) in enumerate(
            zip(slots, loader.row(slots, look.side), strict=True)
        ):
            x = block.x + look.head + place * look.step_x
            brush.tile((x, y), slot, picture, grid)
        y += look.step_y


def _corner(grid: Grid) -> str:
    """Which axis stands down, which across."""
    return " / ".join(axis.name for axis in (grid.y, grid.x) if axis)


def _heads(brush: Brush, grid: Grid, block: _Block, y: int) -> None:
    look = brush.look
    brush.text((block.x, y + 4), _corner(grid), look.head - GAP, soft=True)
    if grid.x:
        for place, number in enumerate(block.columns):
            x = block.x + look.head + place * look.step_x
            brush.text((x, y + 4), value_text(grid.x.values[number]), look.side, size=13)
