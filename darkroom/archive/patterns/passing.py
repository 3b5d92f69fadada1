"""Which of all counted cells surely fail more often than all images do.

Owns the first test, over whole arrays, and the order in which the cells that pass it are
looked at again. How sure one is where images resemble each other is `sureness`'s business.
"""

from collections.abc import Mapping
from itertools import combinations, groupby

import numpy as np
from scipy.special import betainc  # pyright: ignore[reportMissingTypeStubs] - scipy has none

from darkroom.archive.patterns.numbering import Everything, Places
from darkroom.archive.patterns.sureness import Sure, Sureness
from darkroom.archive.patterns.table import Codes, Floats, Mask, bits
from darkroom.core.patterns import Cell, Limits, certain, is_pattern
from darkroom.core.significance import Z95, Tally, cut_off

MOST_SURVIVORS = 2_000


def surviving(
    everything: Everything, found: list[Places], tested: int, limits: Limits
) -> list[Cell]:
    """The cells that pass the same test twice: as they are, and with likeness accounted for."""
    candidates = _candidates(everything.table.base, found, tested, limits)
    judge = _Judge(everything, candidates, tested, limits)
    for _, of_one_width in groupby(sorted(candidates, key=len), key=len):
        judge.look_at(list(of_one_width))
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
    passing: list[tuple[float, tuple[int, ...], Tally]] = []
    for one, p_values in zip(found, tested_p, strict=True):
        passes = (p_values <= cut) & (p_values < 1)
        passes[passes] = are_patterns(one.failures[passes], one.counts[passes], base, limits)
        tallies = zip(one.failures[passes].tolist(), one.counts[passes].tolist(), strict=True)
        named = zip(p_values[passes].tolist(), one.columns[passes].tolist(), tallies, strict=True)
        passing += [(p, tuple(columns), Tally(*tally)) for p, columns, tally in named]
    surest = sorted(passing, key=lambda one: one[:2])[:MOST_SURVIVORS]
    return {columns: tally for _, columns, tally in surest}


def tails(places: Places, base: float) -> Floats:
    """The binomial tail of each cell; 1 where it does not fail more than all images do."""
    p_values = np.ones(places.counts.size)
    high = places.failures > places.counts * base
    k, n = places.failures[high], places.counts[high]
    p_values[high] = betainc(k, n - k + 1, base)
    return p_values


def are_patterns(failures: Codes, counts: Codes, base: float, limits: Limits) -> Mask:
    """`is_pattern` of the core for many tallies, none of them empty."""
    rates = failures / counts
    centre = rates + Z95 * Z95 / (2 * counts)
    spread = Z95 * np.sqrt(rates * (1 - rates) / counts + Z95 * Z95 / (4 * counts * counts))
    scale = 1 + Z95 * Z95 / counts
    low = np.where(failures > 0, (centre - spread) / scale, 0.0)
    high = np.where(failures < counts, (centre + spread) / scale, 1.0)
    reaches = (counts >= limits.min_occurrences) & (high >= limits.failure_threshold)
    return reaches & (low > base)


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
