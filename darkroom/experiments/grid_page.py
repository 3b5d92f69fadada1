"""The page of an experiment's grid: one HTML file that opens without a server.

Owns the markup. Style and script lie beside this module and are put into the page; the
policy in its head allows exactly these two and pictures, nothing from elsewhere. All text
is escaped; the script makes text nodes only.
"""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from html import escape
from importlib.resources import files

from darkroom.core.experiments.grid_slots import NO_CELL, Axis, Pick, Slot
from darkroom.core.experiments.gridding import Grid, Group
from darkroom.experiments.grid_cells import Writing, cell_markup
from darkroom.experiments.grid_pictures import Picture
from darkroom.experiments.grid_words import (
    labels_text,
    value_text,
)

_ROW_HEAD_PX = (84, 190)
"""The names of the rows have no less and no more room."""
_LETTER_PX = 9
_SIDE_PX = 144
_FRAME_PX = 20
_BELOW_PX = 66
_MANY_GROUPS = 2


def page(
    grid: Grid, pictures: Mapping[str, Picture], pick: Pick = "best", front: Collection[str] = ()
) -> str:
    """Write the whole page; `front` names the cells that none beats in score and seconds."""
    names = list(dict.fromkeys(name for slot in grid.slots for name in slot.labels))
    writing = Writing(grid, pictures, pick, front, names, _best(grid))
    body = "".join(_group(writing, n, group) for n, group in enumerate(grid.groups))
    data = {
        "scale": grid.scale,
        "names": names,
        "pick": str(pick),
        "cells": writing.cells,
    }
    style, script = _own("grid_page.css") + _sizes(grid), _own("grid_page.js")
    return "".join(
        (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(style, script)}">\n',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            '<meta name="referrer" content="no-referrer">\n',
            f"<title>{escape(grid.name)} - grid</title>\n<style>{style}</style>\n</head>\n<body>\n",
            _top(writing),
            f"<main>\n{body}</main>\n",
            '<dialog id="view" aria-label="One cell"><div class="view"><div class="stage"></div>',
            '<div class="facts"></div></div></dialog>\n',
            f'<script type="application/json" id="data">{_as_data(data)}</script>\n',
            f"<script>{script}</script>\n</body>\n</html>\n",
        )
    )


def _own(name: str) -> str:
    return files("darkroom.experiments").joinpath(name).read_text(encoding="utf-8")


def _sizes(grid: Grid) -> str:
    """How much room a table takes that has not been shown yet; else the scroll bar jumps."""
    rows = max((len(group.rows) for group in grid.groups), default=1)
    columns = max((len(row) for group in grid.groups for row in group.rows), default=1)
    corner = " ".join(f"{axis.name}  " for axis in (grid.y, grid.x) if axis)
    longest = max(len(text) for text in (corner, *_values(grid.y)))
    head = min(max(longest * _LETTER_PX + 26, _ROW_HEAD_PX[0]), _ROW_HEAD_PX[1])
    wide = head + columns * (_SIDE_PX + _FRAME_PX)
    high = 90 + rows * (_SIDE_PX + _BELOW_PX)
    return f":root {{ --row: {head}px; --wide: {wide}px; --high: {high}px; }}\n"


def _policy(style: str, script: str) -> str:
    return (
        "default-src 'none'; img-src 'self' file:; "
        f"style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _as_data(data: object) -> str:
    """JSON that cannot end the element it stands in."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _best(grid: Grid) -> str | None:
    known = [(slot.score.mean, slot.cell.id) for slot in grid.slots if _has_mean(slot)]  # pyright: ignore[reportOptionalMemberAccess]
    return max(known, default=(0.0, None), key=lambda item: item[0] or 0.0)[1]


def _has_mean(slot: Slot) -> bool:
    return slot.cell is not None and slot.score is not None and slot.score.mean is not None


def _top(writing: Writing) -> str:
    grid = writing.grid
    seeds = [("best", "best image"), ("median", "median image")]
    seeds += [(str(seed), f"seed {seed}") for seed in grid.seeds]
    sizes = [("small", "small"), ("", "medium"), ("large", "large")]
    parts = [
        f'<header class="top"><h1>{escape(grid.name)}</h1><p title="{escape(summary(grid))}">'
        f"{escape(summary(grid))}</p>"
    ]
    if writing.best is not None:
        parts.append('<button type="button" class="plain" id="to-best">Best cell</button>')
    if len(grid.groups) >= _MANY_GROUPS:
        groups = [(f"g{n}", labels_text(g.labels)) for n, g in enumerate(grid.groups)]
        parts.append(_menu("group", "Go to", groups, "g0"))
    parts.append(_menu("pick", "Show", seeds, str(writing.pick)))
    parts.append(_menu("size", "Size", sizes, ""))
    return "".join(parts) + "</header>\n"


def _menu(name: str, label: str, choices: Iterable[tuple[str, str]], chosen: str) -> str:
    options = "".join(
        f'<option value="{escape(value)}"{" selected" * (value == chosen)}>{escape(text)}</option>'
        for value, text in choices
    )
    return f'<label>{label} <select id="{name}" autocomplete="off">{options}</select></label>'


def summary(grid: Grid) -> str:
    """Say how many cells there are and what became of them."""
    # a place for another prompt's choice is none that a condition has ruled out
    states = Counter(slot.state for slot in grid.slots if slot.reason != NO_CELL)
    images = sum(len(slot.images) for slot in grid.slots)
    cells = sum(slot.cell is not None for slot in grid.slots)
    parts = [f"{cells} cells", f"{images} images"]
    words = {"failed": "failed", "waiting": "not drawn yet", "stopped": "stopped"}
    words["excluded"] = "ruled out"
    parts += [f"{states[state]} {text}" for state, text in words.items() if states[state]]
    return " · ".join(parts)


def _group(writing: Writing, number: int, group: Group) -> str:
    grid = writing.grid
    title = f"<h2><span>{escape(labels_text(group.labels))}</span></h2>" if group.labels else ""
    if grid.layout == "ranked":
        items = "".join(
            f"<li>{cell_markup(writing, slot, with_values=True)}</li>"
            for row in group.rows
            for slot in row
        )
        return f'{title}<ol class="line">{items}</ol>\n'
    names = " ".join(f"{axis.name} {way}" for axis, way in ((grid.y, "↓"), (grid.x, "→")) if axis)
    heads = "".join(_head("col", value) for value in _values(grid.x))
    rows = "".join(
        _row(_head("row", value), (cell_markup(writing, slot) for slot in row))
        for value, row in zip(_values(grid.y), group.rows, strict=True)
    )
    return (
        f'<section id="g{number}">{title}<table role="table"><thead role="rowgroup">'
        f'<tr role="row">{_head("col", names)}{heads}</tr></thead>\n'
        f'<tbody role="rowgroup">{rows}</tbody></table></section>\n'
    )


def _row(head: str, cells: Iterable[str]) -> str:
    every = "".join(f'<td role="cell">{cell}</td>' for cell in cells)
    return f'<tr role="row">{head}{every}</tr>\n'


def _values(axis: Axis | None) -> list[str]:
    return [value_text(value) for value in axis.values] if axis else [""]


def _head(scope: str, text: str) -> str:
    shown, role = escape(text), "rowheader" if scope == "row" else "columnheader"
    return f'<th scope="{scope}" role="{role}"><div title="{shown}">{shown}</div></th>'
