"""Count failures over every value, pair and triple at once, and test what stands out.

Owns the fast half of the analysis: tables by `bincount` over codes, words by counts among
the images that have them, binomial tails over whole arrays. How sure the survivors really
are is `sureness`'s, what is worth saying of them `darkroom.core.patterns`'s business.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from scipy.special import betainc  # pyright: ignore[reportMissingTypeStubs] - scipy has none

from darkroom.archive.patterns.sureness import Sure, Sureness
from darkroom.archive.patterns.table import Axis, Codes, Floats, Mask, Table, bits
from darkroom.core.patterns import Cell, Items, Limits, certain, is_pattern
from darkroom.core.significance import Tally, cut_off

MOST_AXES = 15
"""Beyond so many axes, triples are only looked for within pairs that stand out."""
MOST_SURVIVORS = 2_000
_WIDEST = 3
_NOTABLE = 1e-3
_MOST_NOTABLE = 200


@dataclass(frozen=True)
class Places:
    """Cells of one table: which items each is, by column of `Everything`, and its counts."""

    columns: Codes
    """One row per cell, one column per item."""
    counts: Codes
    failures: Codes


@dataclass(frozen=True)
class Counted:
    """All cells that stand out, and how many were looked at."""

    cells: list[Cell]
    tested: int


class Everything:
    """The items of a table under one numbering: axis values first, then words."""

    def __init__(self, table: Table) -> None:
        self.table = table
        sizes = [len(axis.values) for axis in table.axes]
        self.starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self.words_at = int(self.starts[-1])

    @cached_property
    def items(self) -> Items:
        """Every item by its number."""
        values = [axis.item(code) for axis in self.table.axes for code in range(1, axis.size)]
        return (*values, *self.table.words)

    def rows(self, column: int) -> Mask:
        """The images that have an item."""
        if column >= self.words_at:
            return self.table.has_word[:, column - self.words_at]
        at = int(np.searchsorted(self.starts, column, side="right")) - 1
        return self.table.axes[at].codes == column - self.starts[at] + 1

    def rows_of(self, columns: Iterable[int]) -> Mask:
        """The images that have all of several items."""
        rows = np.ones(self.table.count, dtype=bool)
        for column in columns:
            rows &= self.rows(column)
        return rows

    def with_all(self, rows: Codes) -> Codes:
        """How many of these images have each item."""
        per_axis = [np.bincount(a.codes[rows], minlength=a.size)[1:] for a in self.table.axes]
        return np.concatenate([*per_axis, self.table.has_word[rows].sum(axis=0, dtype=np.int64)])


def count(table: Table, limits: Limits) -> Counted:
    """Count, test, and keep the cells that surely fail more often than all images do."""
    everything = Everything(table)
    found = list(_axis_cells(everything, limits))
    if table.words:
        found += _word_cells(everything, limits)
    if table.words or len(table.axes) > MOST_AXES:
        found += _within_notable(everything, found, limits)
    tested = sum(one.counts.size for one in found)
    return Counted(_surviving(everything, found, tested, limits), tested)


def _axis_cells(everything: Everything, limits: Limits) -> Iterator[Places]:
    axes = everything.table.axes
    widest = 3 if len(axes) <= MOST_AXES else 2
    failed = np.flatnonzero(everything.table.failed)
    for width in range(1, widest + 1):
        for chosen in combinations(range(len(axes)), width):
            yield _table_of(
                [axes[at] for at in chosen], everything.starts[list(chosen)], failed, limits
            )


def _table_of(axes: list[Axis], starts: Codes, failed: Codes, limits: Limits) -> Places:
    sizes = tuple(axis.size for axis in axes)
    codes = axes[0].codes
    for axis in axes[1:]:
        codes = codes * axis.size + axis.codes
    counts, failures, cells = _counts(codes, failed, int(np.prod(sizes)))
    place = np.stack(np.unravel_index(cells, sizes), axis=1)
    wanted = (counts >= limits.min_occurrences) & (place > 0).all(axis=1)
    return Places(place[wanted] - 1 + starts, counts[wanted], failures[wanted])


def _counts(codes: Codes, failed: Codes, size: int) -> tuple[Codes, Codes, Codes]:
    """Images and failures per cell; a table far larger than its content is packed first."""
    if size > 4 * codes.size + 4096:
        cells, codes = np.unique(codes, return_inverse=True)
        size = cells.size
    else:
        cells = np.arange(size, dtype=np.int64)
    return (
        np.bincount(codes, minlength=size),
        np.bincount(codes[failed], minlength=size),
        cells,
    )


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
    for pair in _notable_pairs(found, everything.table.base):
        rows = np.flatnonzero(everything.rows(int(pair[0])) & everything.rows(int(pair[1])))
        counts, failures = _counted(everything, rows)
        thirds = np.flatnonzero(counts >= limits.min_occurrences)
        columns = _triples(everything, pair, thirds, seen)
        added = columns[:, 3]
        found_thirds.append(Places(columns[:, :3], counts[added], failures[added]))
    return found_thirds


def _notable_pairs(found: list[Places], base: float) -> Codes:
    singles = {
        int(one[0]): rate
        for places in found
        if places.columns.shape[1] == 1
        for one, rate in zip(places.columns, places.failures / places.counts, strict=True)
    }
    pairs = [one for one in found if one.columns.shape[1] == 2]  # noqa: PLR2004
    columns = np.concatenate([np.zeros((0, 2), dtype=np.int64), *[one.columns for one in pairs]])
    counts = np.concatenate([np.zeros(0), *[one.counts for one in pairs]])
    failures = np.concatenate([np.zeros(0), *[one.failures for one in pairs]])
    halves = [max(singles.get(int(a), base), singles.get(int(b), base), base) for a, b in columns]
    p_values = betainc(np.maximum(failures, 0.5), counts - failures + 1, np.array(halves))
    notable = np.flatnonzero(p_values < _NOTABLE)
    return columns[notable[np.argsort(p_values[notable], kind="stable")[:_MOST_NOTABLE]]]


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


def tails(places: Places, base: float) -> Floats:
    """The binomial tail of each cell; 1 where it does not fail more than all images do."""
    p_values = np.ones(places.counts.size)
    high = places.failures > places.counts * base
    k, n = places.failures[high], places.counts[high]
    p_values[high] = betainc(k, n - k + 1, base)
    return p_values


def _surviving(
    everything: Everything, found: list[Places], tested: int, limits: Limits
) -> list[Cell]:
    """The cells that pass the same test twice: as they are, and with likeness accounted for."""
    candidates = _candidates(everything.table.base, found, tested, limits)
    judge = _Judge(everything, candidates, tested, limits)
    for width in range(1, _WIDEST + 1):
        judge.look_at([columns for columns in candidates if len(columns) == width])
    return judge.cells()


class _Judge:
    """Looks at the widest cells first; what is the same cause again is not looked at."""

    def __init__(
        self,
        everything: Everything,
        candidates: Mapping[tuple[int, ...], Tally],
        tested: int,
        limits: Limits,
    ) -> None:
        self._everything = everything
        self._candidates = candidates
        self._tested = tested
        self._limits = limits
        self._sureness = Sureness(everything.table, tested)
        self._sure: dict[tuple[int, ...], Sure] = {}

    def look_at(self, wanted: list[tuple[int, ...]]) -> None:
        """Ask how sure these are, but for those that a wider one explains."""
        known = {columns: self._candidates[columns] for columns in self._sure}
        fresh = {columns: self._candidates[columns] for columns in wanted}
        for columns in _beating(fresh, known, certain(self._tested)):
            tally = self._candidates[columns]
            found = self._sureness.of(self._everything.rows_of(columns), tally)
            base = self._everything.table.base
            if found.p_value <= self._limits.false_share and (
                found.runs_failing >= self._limits.min_runs
                and is_pattern(tally, base, self._limits, found.shared)
            ):
                self._sure[columns] = found

    def cells(self) -> list[Cell]:
        """Those that pass together."""
        p_values = [one.p_value for one in self._sure.values()]
        cut = cut_off(p_values, self._tested, self._limits.false_share)
        return [
            self._cell(columns, one)
            for columns, one in sorted(self._sure.items())
            if one.p_value <= cut
        ]

    def _cell(self, columns: tuple[int, ...], sure: Sure) -> Cell:
        items = tuple(sorted(self._everything.items[column] for column in columns))
        rows = bits(self._everything.rows_of(columns))
        tally = self._candidates[columns]
        return Cell(items, rows, tally, sure.runs, sure.p_value, sure.shared)


def _candidates(
    base: float, found: list[Places], tested: int, limits: Limits
) -> dict[tuple[int, ...], Tally]:
    """Those that pass were every image by itself; at most so many, the surest."""
    tested_p = [tails(one, base) for one in found]
    small = np.concatenate([np.zeros(0), *[p[p <= limits.false_share] for p in tested_p]])
    cut = cut_off(small.tolist(), tested, limits.false_share)
    passing: dict[tuple[int, ...], tuple[float, Tally]] = {}
    for one, p_values in zip(found, tested_p, strict=True):
        for at in np.flatnonzero((p_values <= cut) & (p_values < 1)):
            tally = Tally(int(one.failures[at]), int(one.counts[at]))
            if is_pattern(tally, base, limits):
                columns = tuple(sorted(one.columns[at].tolist()))
                passing[columns] = float(p_values[at]), tally
    surest = sorted(passing, key=lambda columns: (passing[columns][0], columns))
    return {columns: passing[columns][1] for columns in surest[:MOST_SURVIVORS]}


def _beating(
    wanted: Mapping[tuple[int, ...], Tally], wider: Mapping[tuple[int, ...], Tally], sure: float
) -> list[tuple[int, ...]]:
    """Those that fail surely more often than every wider one; most are the same cause again."""
    pairs = [
        (columns, part)
        for columns in wanted
        for width in range(1, len(columns))
        for part in combinations(columns, width)
        if part in wider
    ]
    k = np.array([wanted[columns].failures for columns, _ in pairs], dtype=np.float64)
    n = np.array([wanted[columns].count for columns, _ in pairs], dtype=np.float64)
    rates = np.array([wider[part].rate for _, part in pairs])
    beaten = {
        columns
        for (columns, _), p in zip(pairs, betainc(k, n - k + 1, rates), strict=True)
        if p >= sure
    }
    return sorted(columns for columns in wanted if columns not in beaten)
