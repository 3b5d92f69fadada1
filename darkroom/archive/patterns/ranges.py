"""Numbers as an axis: each by itself, or in ranges that are cut where failures begin and end.

Owns the cutting. Ranges of equal size would hide a cause that fills half of one; so a stretch
that fails far more than what surrounds it is a range of its own. It was chosen with failures in
view, so its cells count as often as there were places to cut (`Axis.looked_at`): stretches that
begin at the same place have most images in common.
"""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from darkroom.archive.patterns.table import Axis, Codes, Floats, Mask, axis_of

_MOST_NUMBERS = 12
"""More different numbers than this become ranges."""
_RANGES = 6
_STEPS = 48
"""A cut lies at one of so many places that part the images evenly."""
_FAR_MORE = 6.0
"""So many standard deviations above what surrounds it, or a stretch is not cut out."""


def in_ranges(name: str, numbers: Floats, failed: Mask, least: int) -> Axis | None:
    """An axis of numbers; those that are not known are NaN."""
    known = ~np.isnan(numbers)
    distinct = np.unique(numbers[known])
    if distinct.size <= _MOST_NUMBERS:
        values = [(f"{one:g}", np.flatnonzero(numbers == one)) for one in distinct]
        return _frequent(name, values, least, numbers.size)
    steps = _parting(numbers[known], _STEPS)
    hot = _Stretches(steps, numbers[known], failed[known], least).hot()
    edges = _edges(numbers[known], hot)
    values = [
        _range(numbers, low, high, is_last=high == edges[-1]) for low, high in pairwise(edges)
    ]
    return _frequent(name, values, least, numbers.size, steps.size - 1 if hot else 1)


def _frequent(
    name: str, values: list[tuple[str, Codes]], least: int, count: int, looked_at: int = 1
) -> Axis | None:
    return axis_of(name, [one for one in values if one[1].size >= least], count, looked_at)


def _edges(known: Floats, hot: list[tuple[float, float]]) -> list[float]:
    """Those of even ranges, but for where a stretch is cut out, and close to its ends."""
    cuts = np.array([edge for ends in hot for edge in ends])
    first, *inner, last = _parting(known, _RANGES).tolist()
    least = known.size / (2 * _RANGES)
    clear = [
        edge
        for edge in inner
        if not any(low < edge < high for low, high in hot)
        and all(_between(known, edge, cut) >= least for cut in cuts)
    ]
    return sorted({first, *clear, *cuts.tolist(), last})


def _parting(known: Floats, parts: int) -> Floats:
    """Numbers among these that part them evenly, as far as can be."""
    return np.unique(np.quantile(known, np.linspace(0, 1, parts + 1), method="lower"))


def _between(known: Floats, one: float, other: float) -> int:
    return int(np.count_nonzero((known >= min(one, other)) & (known < max(one, other))))


def _range(numbers: Floats, low: float, high: float, *, is_last: bool) -> tuple[str, Codes]:
    below = numbers <= high if is_last else numbers < high
    name = f"{low:g} to {high:g}" if is_last else f"{low:g} to below {high:g}"
    return name, np.flatnonzero((numbers >= low) & below)


class _Stretches:
    """How many images lie between any two steps, and how many of them failed."""

    def __init__(self, steps: Floats, known: Floats, failed: Mask, least: int) -> None:
        self._steps = steps
        self._least = least
        edges = np.append(steps[:-1], np.inf)
        self._counts = np.append(0, np.histogram(known, edges)[0].cumsum())
        self._failures = np.append(0, np.histogram(known[failed], edges)[0].cumsum())

    def hot(self) -> list[tuple[float, float]]:
        """The stretches that fail far more than what surrounds them; they do not overlap."""
        found = self._within(0, self._steps.size - 1)
        return [(float(self._steps[first]), float(self._steps[last])) for first, last in found]

    def _within(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Those within a stretch; where one has such a part itself, its parts instead."""
        best = self._best(first, last)
        if best is None:
            return
        low, high = best
        yield from self._within(first, low)
        yield from list(self._within(low, high)) or [best]
        yield from self._within(high, last)

    def _best(self, first: int, last: int) -> tuple[int, int] | None:
        """The part that stands out most from all of a stretch, if it stands out far enough."""
        counts, failures = self._counts[first : last + 1], self._failures[first : last + 1]
        many, failing = int(counts[-1] - counts[0]), int(failures[-1] - failures[0])
        if not 0 < failing < many:
            return None
        n = counts[None, :] - counts[:, None]
        more = failures[None, :] - failures[:, None] - n * (failing / many)
        spread = n * (1 - n / many) * (failing * (many - failing) / many**2)
        usable = (n >= self._least) & (spread > 0)
        z = np.where(usable, more / np.sqrt(np.where(usable, spread, math.inf)), 0.0)
        low, high = np.unravel_index(int(z.argmax()), z.shape)
        return (first + int(low), first + int(high)) if z[low, high] >= _FAR_MORE else None
