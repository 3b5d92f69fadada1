"""The grid of an experiment: which cell stands in which column, row and group.

Owns the layout, the image that speaks for a cell, and why a place shows none. Knows
neither files nor how a grid looks. With few of the combinations there (an adaptive
experiment's), cells stand in line, the best first, instead of in a mostly empty table.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, TypeAlias

from darkroom.core.errors import UsageError
from darkroom.core.experiments.grid_slots import (
    ABSENT,
    Axis,
    Gathered,
    Labels,
    Slot,
    Slots,
    axes_of,
    value_key,
)
from darkroom.core.text import nearest

Layout: TypeAlias = Literal["crossed", "ranked"]

_IN_LINE = 8
_SPARSE = 4
"""A table is worth its space unless it has more than so many places to a cell."""
_SMALL = 24
_WORDY = 24
_WIDE = 16


@dataclass(frozen=True)
class Group:
    """One table: everything in it has these values of the axes outside the table."""

    labels: Labels
    rows: tuple[tuple[Slot, ...], ...]


@dataclass(frozen=True)
class Grid:
    """The whole."""

    name: str
    layout: Layout
    x: Axis | None
    y: Axis | None
    outside: tuple[Axis, ...]
    groups: tuple[Group, ...]
    seeds: tuple[int, ...]
    scale: float

    @property
    def slots(self) -> Iterable[Slot]:
        """Every place, row by row."""
        return (slot for group in self.groups for row in group.rows for slot in row)


def arrange(
    gathered: Gathered, x: str | None = None, y: str | None = None, layout: Layout | None = None
) -> Grid:
    """Lay the cells out; axes that are not asked for stand as they were written."""
    axes = axes_of(gathered)
    across, down = _chosen(axes, x, y)
    outside = tuple(axis for axis in axes if axis not in (across, down))
    slots = Slots(gathered)
    is_asked = x is not None or y is not None
    if layout is None:
        layout = "crossed" if is_asked or not _is_sparse(axes, gathered) else "ranked"
    if layout == "ranked":
        groups, across, down, outside = _ranked(slots), None, None, ()
    else:
        groups = _crossed(slots, across, down, outside)
    return Grid(
        gathered.name, layout, across, down, outside, groups, gathered.seeds, gathered.scale
    )


def _chosen(axes: Sequence[Axis], x: str | None, y: str | None) -> tuple[Axis | None, Axis | None]:
    """The axis across and the one down; where none is asked for, those with the most values.

    Long texts (prompts) head no column while anything shorter is there, and an axis that is
    too long for a page goes down.
    """
    across, down = _named(axes, x), _named(axes, y)
    if across is not None and across is down:
        raise UsageError("grid-axis", f"{across.name!r} cannot stand across and down at once")
    free = [axis for axis in axes if axis not in (across, down)]
    wanted = (across is None) + (down is None)
    longest = sorted(free, key=lambda axis: -len(axis.values))[:wanted]
    kept = sorted((axis for axis in free if axis in longest), key=_unfit_across)
    if across is None and kept:
        across = kept.pop(0)
    if down is None and kept:
        down = kept.pop(0)
    return across, down


def _unfit_across(axis: Axis) -> tuple[bool, bool]:
    is_wordy = max(len(str(value)) for value in axis.values) > _WORDY
    return is_wordy, len(axis.values) > _WIDE


def _named(axes: Sequence[Axis], name: str | None) -> Axis | None:
    if name is None:
        return None
    known = {axis.name: axis for axis in axes}
    if name not in known:
        near = nearest(name, known)
        meant = f"; did you mean {near!r}?" if near else f"; there are {', '.join(known) or 'none'}"
        raise UsageError("grid-axis", f"the experiment has no axis {name!r}{meant}")
    return known[name]


def _is_sparse(axes: Sequence[Axis], gathered: Gathered) -> bool:
    places = math.prod(len(axis.values) for axis in axes)
    excluded = 0
    if _SMALL < places <= _SPARSE * _SPARSE * max(1, len(gathered.cells)):
        # places that a constraint rules out on purpose make no table sparse
        excluded = sum(gathered.excluded(labels) is not None for labels in _combined(axes))
    return places > max(_SMALL, _SPARSE * len(gathered.cells) + excluded)


def _combined(axes: Sequence[Axis]) -> Iterable[Labels]:
    names = [axis.name for axis in axes]
    for values in product(*(axis.values for axis in axes)):
        yield dict(zip(names, values, strict=True))


def _ranked(slots: Slots) -> tuple[Group, ...]:
    every = slots.every()
    rows = [tuple(every[at : at + _IN_LINE]) for at in range(0, len(every), _IN_LINE)]
    return (Group({}, tuple(rows)),)


def _crossed(
    slots: Slots, across: Axis | None, down: Axis | None, outside: Sequence[Axis]
) -> tuple[Group, ...]:
    """A table per combination of the other axes that has a cell at all."""
    groups: list[Group] = []
    for labels in _outside(slots, outside):
        rows = tuple(
            tuple(slots.at({**labels, **row, **column}) for column in _combined(_one(across)))
            for row in _combined(_one(down))
        )
        groups.append(Group(labels, rows))
    return tuple(groups)


def _outside(slots: Slots, axes: Sequence[Axis]) -> list[Labels]:
    """The values of these axes that cells have, in the order of the axes."""
    places = [{value_key(v): n for n, v in enumerate(axis.values)} for axis in axes]
    found: dict[tuple[int, ...], Labels] = {}
    for cell in slots.cells:
        labels = {axis.name: cell.labels.get(axis.name, ABSENT) for axis in axes}
        place = tuple(
            at[value_key(value)] for value, at in zip(labels.values(), places, strict=True)
        )
        found.setdefault(place, labels)
    return [found[place] for place in sorted(found)]


def _one(axis: Axis | None) -> tuple[Axis, ...]:
    return (axis,) if axis else ()
