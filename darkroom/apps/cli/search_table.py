"""Tables that fit: whole in a pipe, within the width of a terminal on one.

Owns which columns give way first, and how values are written for people.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from darkroom.apps import console
from darkroom.core.text import visible

_GAP = 2
_FLOOR = 24
_DASH = "-"
Row = Mapping[str, object]


@dataclass(frozen=True)
class Column:
    """One column: its title, the key of its value, and how soon it gives way."""

    title: str
    key: str
    rank: int = 0
    """0 always stays; of the others the greatest goes first."""
    is_elastic: bool = False
    """Whether it may be cut, with an ellipsis, down to a readable rest."""


def fitted(columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Print rows; on a terminal, cut what is elastic and leave out what does not fit."""
    chosen = [c for c in columns if c.rank == 0 or any(row.get(c.key) is not None for row in rows)]
    cells = {c.key: [written(row.get(c.key)) for row in rows] for c in chosen}
    width = terminal_width()
    if width is not None:
        chosen = _within(chosen, cells, width)
        _cut(chosen, cells, width)
    lines = [[cells[c.key][place] for c in chosen] for place in range(len(rows))]
    console.table([c.title for c in chosen], lines)


def terminal_width() -> int | None:
    """How wide the terminal is; None where stdout is none, so that nothing is cut."""
    if not sys.stdout.isatty():
        return None
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except OSError:
        return 80


def _within(columns: list[Column], cells: dict[str, list[str]], width: int) -> list[Column]:
    kept = list(columns)
    while _least(kept, cells) > width and (spare := [c for c in kept if c.rank]):
        kept.remove(max(spare, key=lambda c: c.rank))
    return kept


def _least(columns: list[Column], cells: dict[str, list[str]]) -> int:
    widths = [
        min(_natural(c, cells), _FLOOR) if c.is_elastic else _natural(c, cells) for c in columns
    ]
    return sum(widths) + _GAP * (len(widths) - 1)


def _natural(column: Column, cells: dict[str, list[str]]) -> int:
    return max([len(column.title), *(len(text) for text in cells[column.key])])


def _cut(columns: list[Column], cells: dict[str, list[str]], width: int) -> None:
    elastic = [c for c in columns if c.is_elastic]
    fixed = sum(_natural(c, cells) for c in columns if not c.is_elastic)
    room = width - fixed - _GAP * (len(columns) - 1)
    for place, column in enumerate(elastic):
        share = max(room // (len(elastic) - place), len(column.title), 1)
        cells[column.key] = [_shortened(text, share) for text in cells[column.key]]
        room -= _natural(column, cells)


def _shortened(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1].rstrip() + "\u2026"


def written(value: object) -> str:
    """One value for people: short numbers, times to the second, a dash for nothing."""
    match value:
        case None:
            return _DASH
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.3f}".rstrip("0").rstrip(".")
        case datetime():
            return value.isoformat(" ", "seconds")
        case _:
            return visible(" ".join(str(value).split()))


def image_name(row: Row) -> str:
    """The short name of an image, which every command understands."""
    run, iteration = row.get("run"), row.get("iteration")
    return f"{run}/{iteration}" if run and iteration else str(row["image"])
