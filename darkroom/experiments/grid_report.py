"""What an experiment came to, for Prefect's pages: a table in Markdown and a sheet.

Owns the text and where the sheet lies in the store. Whoever shows them owns the artifact.
"""

import hashlib
from collections.abc import Iterable, Sequence
from functools import partial

from darkroom.adapters.stores.protocol import Store
from darkroom.core.experiments.grid_slots import Gathered, Slot
from darkroom.core.experiments.gridding import arrange
from darkroom.core.keys import RunKeys
from darkroom.core.text import visible
from darkroom.experiments.adaptive import pareto_front, scores_by_cell
from darkroom.experiments.grid import loaded
from darkroom.experiments.grid_page import summary
from darkroom.experiments.grid_sheet import sheets
from darkroom.experiments.grid_words import (
    interval_text,
    passed_text,
    score_text,
    seconds_text,
    value_text,
)

MOST_ROWS = 50
"""Prefect shows a table as a whole: a long one is of no use there."""


def markdown(gathered: Gathered, most: int = MOST_ROWS) -> str:
    """The cells, the best first, and below them those on the front of score and seconds."""
    grid = arrange(gathered, layout="ranked")
    slots = [slot for slot in grid.slots if slot.cell is not None]
    parts = [f"# {_plain(gathered.name)}", summary(grid), _table(gathered, slots[:most])]
    if len(slots) > most:
        parts.append(f"... and {len(slots) - most} more cells.")
    front = _front(gathered, slots)
    if len(front) > 1:
        parts += ["## No other cell is both better and faster", _table(gathered, front[:most])]
    return "\n\n".join(parts) + "\n"


def store_sheet(gathered: Gathered, keys: RunKeys, store: Store) -> str:
    """Keep the first page of the grid's sheet in the store, and return its key."""
    grid = arrange(gathered)
    data = next(iter(sheets(grid, partial(loaded, store, [], None), "best", summary(grid))))
    name = hashlib.sha256(data).hexdigest()[:16]
    key = f"{keys.root}/grid/{name}.png"  # named by content: nothing is ever written over
    if store.head(key) is None:
        store.put(key, data, "image/png")
    return key


def _front(gathered: Gathered, slots: Sequence[Slot]) -> list[Slot]:
    scores = scores_by_cell(gathered.cells, gathered.results, gathered.scale)
    by_cell = {slot.cell.id: slot for slot in slots if slot.cell}
    return [by_cell[name] for name in pareto_front(scores) if name in by_cell]


def _table(gathered: Gathered, slots: Sequence[Slot]) -> str:
    axes = list(dict.fromkeys(name for slot in slots for name in slot.labels))
    heads = [*axes, "n", "score", "95 % interval", "passed", "seconds", ""]
    lines = [_row(heads), _row("---" for _ in heads)]
    lines += [_row(_cells(gathered, slot, axes)) for slot in slots]
    return "\n".join(lines)


def _cells(gathered: Gathered, slot: Slot, axes: Sequence[str]) -> list[str]:
    score = slot.score
    assert score is not None
    values = [value_text(slot.labels[name]) if name in slot.labels else "" for name in axes]
    return [
        *values,
        str(score.seeds),
        score_text(score.mean, gathered.scale),
        interval_text(score, gathered.scale),
        passed_text(score),
        seconds_text(score.seconds),
        slot.reason,
    ]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(_plain(cell) for cell in cells) + " |"


def _plain(text: str) -> str:
    """Text that is no markup: a prompt or a cause may hold anything."""
    shown = " ".join(visible(text).split())
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#!" else letter for letter in shown)
