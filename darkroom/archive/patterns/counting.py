"""Count failures over every value, pair and triple at once, and test what stands out.

Owns the counting: tables by `bincount` over codes, words by counts among the images that
have them. Which cells surely fail more is `passing`'s, what is worth saying of them
`darkroom.core.patterns`'s business.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import betainc  # pyright: ignore[reportMissingTypeStubs] - scipy has none

from darkroom.archive.patterns.numbering import Everything, Places, joined
from darkroom.archive.patterns.passing import surviving
from darkroom.archive.patterns.table import Codes, Table
from darkroom.core.patterns import Cell, Limits

MOST_AXES = 15
"""Beyond so many axes, triples are only looked for within pairs that stand out."""
_WIDEST = 3
_NOTABLE = 1e-3
_MOST_NOTABLE = 200


@dataclass(frozen=True)
class Counted:
    """All cells that stand out, and how many were looked at."""

    cells: list[Cell]
    tested: int


def count(table: Table, limits: Limits) -> Counted:
    """Count, test, and keep the cells that surely fail more often than all images do."""
    everything = Everything(table)
    found = list(_axis_cells(everything, limits))
    if table.words:
        found += _word_cells(everything, limits)
    found = joined(found)
    if table.words or len(table.axes) > MOST_AXES:
        found += _within_notable(everything, found, limits)
    tested = sum(one.counts.size for one in found) + _also_looked_at(everything, found)
    return Counted(surviving(everything, joined(found), tested, limits), tested)


def _also_looked_at(everything: Everything, found: list[Places]) -> int:
    """How many cells more there might have been, had an axis been parted in another way."""
    more = 0
    for axis, low in zip(everything.table.axes, everything.starts[:-1].tolist(), strict=True):
        if axis.looked_at > 1:
            high = low + len(axis.values)
            cells = [((one.columns >= low) & (one.columns < high)).any(axis=1) for one in found]
            more += (axis.looked_at - 1) * sum(int(some.sum()) for some in cells)
    return more


def _axis_cells(everything: Everything, limits: Limits) -> Iterator[Places]:
    many = len(everything.table.axes)
    widest = _WIDEST if many <= MOST_AXES else _WIDEST - 1
    for width in range(widest):
        for first in combinations(range(many), width):
            yield from _tables_after(everything, first, limits)


def _tables_after(
    everything: Everything, first: tuple[int, ...], limits: Limits
) -> Iterator[Places]:
    """The table of these axes and one more, for each axis that comes after them."""
    axes = everything.table.axes
    head = np.zeros(everything.table.count, dtype=np.int64)
    for at in first:
        head *= axes[at].size
        head += axes[at].codes
    for last in range(first[-1] + 1 if first else 0, len(axes)):
        chosen = [*first, last]
        sizes = tuple(axes[at].size for at in chosen)
        cells, counts, failures = _counts(head, everything.outcomes[last], sizes)
        frequent = np.flatnonzero(counts >= limits.min_occurrences)
        place = np.stack(np.unravel_index(cells[frequent], sizes), axis=1)
        known = (place > 0).all(axis=1)
        at = frequent[known]
        yield Places(place[known] - 1 + everything.starts[chosen], counts[at], failures[at])


def _counts(head: Codes, outcomes: Codes, sizes: tuple[int, ...]) -> tuple[Codes, Codes, Codes]:
    """Images and failures per cell; a table far larger than its content is packed first."""
    codes = head * (2 * sizes[-1])
    codes += outcomes
    many = math.prod(sizes)
    cells = np.arange(many, dtype=np.int64)
    if many > 4 * codes.size + 4096:
        cells, packed = np.unique(codes >> 1, return_inverse=True)
        codes = 2 * packed + (codes & 1)
    both = np.bincount(codes, minlength=2 * cells.size).reshape(-1, 2)
    return cells, both[:, 0] + both[:, 1], both[:, 1]


def _word_cells(everything: Everything, limits: Limits) -> Iterator[Places]:
    """Every word alone, and with every value and every later word."""
    for word in range(everything.words_at, len(everything.items)):
        rows = np.flatnonzero(everything.rows(word))
        counts, failures = _counted(everything, rows)
        yield Places(np.array([[word]]), counts[[word]], failures[[word]])
        others = np.flatnonzero(counts >= limits.min_occurrences)
        others = others[(others < everything.words_at) | (others > word)]
        pairs = np.sort(np.stack([others, np.full(others.size, word)], axis=1), axis=1)
        yield Places(pairs, counts[others], failures[others])


def _counted(everything: Everything, rows: Codes) -> tuple[Codes, Codes]:
    """Of some images, how many have each item, and how many of those failed."""
    failing = rows[everything.table.failed[rows]]
    return everything.with_all(rows), everything.with_all(failing)


def _within_notable(everything: Everything, found: list[Places], limits: Limits) -> list[Places]:
    """Every third item, but only within the pairs that fail more than either half explains."""
    seen: set[tuple[int, ...]] = set()
    found_thirds: list[Places] = []
    for pair in _notable_pairs(everything, found):
        rows = np.flatnonzero(everything.rows(int(pair[0])) & everything.rows(int(pair[1])))
        counts, failures = _counted(everything, rows)
        thirds = np.flatnonzero(counts >= limits.min_occurrences)
        columns = _triples(everything, pair, thirds, seen)
        added = columns[:, 3]
        found_thirds.append(Places(columns[:, :3], counts[added], failures[added]))
    return found_thirds


def _notable_pairs(everything: Everything, found: list[Places]) -> Codes:
    rates = np.full(len(everything.items), everything.table.base)
    for one in found:
        if one.columns.shape[1] == 1:
            single = one.columns[:, 0]
            rates[single] = np.maximum(rates[single], one.failures / one.counts)
    notable: list[Codes] = [np.zeros((0, 2), dtype=np.int64)]
    for one in found:
        if one.columns.shape[1] == 2:  # noqa: PLR2004
            halves = rates[one.columns].max(axis=1)
            k = np.maximum(one.failures, 0.5)
            p_values = betainc(k, one.counts - one.failures + 1, halves)
            surest = np.argsort(p_values, kind="stable")[:_MOST_NOTABLE]
            notable.append(one.columns[surest[p_values[surest] < _NOTABLE]])
    return np.concatenate(notable)


def _triples(
    everything: Everything, pair: Codes, thirds: Codes, seen: set[tuple[int, ...]]
) -> Codes:
    """Triples of a pair that were not counted before, each with the third's own column."""
    has_axis_triples = len(everything.table.axes) <= MOST_AXES
    fresh: list[tuple[int, ...]] = []
    for third in thirds:
        triple = tuple(sorted((int(pair[0]), int(pair[1]), int(third))))
        is_counted = has_axis_triples and triple[-1] < everything.words_at
        if len(set(triple)) == len(triple) and not is_counted and triple not in seen:
            seen.add(triple)
            fresh.append((*triple, int(third)))
    return np.array(fresh, dtype=np.int64).reshape(-1, 4)
