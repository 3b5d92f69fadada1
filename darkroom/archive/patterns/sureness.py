"""How surely a cell fails more, where images that resemble each other count for less.

Owns the test a cell must pass at last. Images of one run share what nobody wrote down, and
an image drawn again from the same seed is the same one. So there are two questions, and
the surer answer counts: do a cell's images fail more than the others of their own runs do;
and do they fail more than all images do, once those of one run, and of runs that follow each
other, count for less by as much as these differ, and not only because of when they were made.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc  # pyright: ignore[reportMissingTypeStubs] - scipy has none

from darkroom.archive.patterns.table import Codes, Floats, Mask, Table
from darkroom.core.significance import Tally

_QUESTIONS = 2
_FEWEST_BLOCKS = 8
"""So few stretches of runs that follow each other tell nothing of how alike they are."""
_TELLING = 1.0
"""With less to compare than this (in variance), others of the same time tell nothing."""
_NEARBY = 2.33
"""So many standard deviations more than the others of the same time (99 %), or it is the time."""
_COINCIDENCES = 0.5
"""Where chance would pick so few runs for some cell, their failing as a whole proves nothing."""


@dataclass(frozen=True)
class Sure:
    """How sure a cell is."""

    p_value: float
    shared: float
    """So many of its images say as much as one."""
    runs: int
    runs_failing: int


class Sureness:
    """What a table's runs and repeated images tell of how alike images are."""

    def __init__(self, table: Table, tested: int) -> None:
        self._table = table
        self._too_likely = _COINCIDENCES / max(tested, 1)
        self._twins = np.arange(table.count) if table.twins is None else table.twins
        self._alike_twins = alikeness(groups_of(self._twins, table.failed))
        self._runs = groups_of(table.runs, table.failed)
        rates = self._runs.failures / np.maximum(self._runs.sizes, 1)
        self._expected = rates[table.runs]

    def of(self, rows: Mask, tally: Tally) -> Sure:
        """Ask both questions of the images in some rows."""
        table, at = self._table, np.flatnonzero(rows)
        here = groups_of(table.runs[at], table.failed[at], self._runs.sizes.size)
        others = Groups(self._runs.sizes - here.sizes, self._runs.failures - here.failures)
        twins = 1.0
        if self._alike_twins > 0:
            twins += self._alike_twins * _crowd(np.unique(self._twins[at], return_counts=True)[1])
        stretches = list(zip(_stretches(here), _stretches(others), strict=True))
        crowds = [alikeness(one, other) * _crowd(one.sizes) for one, other in stretches]
        within = tail(tally, float(self._expected[at].mean()), twins)
        overall = tail(tally, table.base, twins + max(crowds))
        if _chance_of_runs(here, self._runs) > self._too_likely:
            overall = 1.0
        if any(_is_only_the_time(one, other) for one, other in stretches):
            overall = 1.0
        return Sure(
            p_value=min(1.0, _QUESTIONS * min(within, overall)),
            shared=twins + crowds[0],
            runs=int(np.count_nonzero(here.sizes)),
            runs_failing=int(np.count_nonzero(here.failures)),
        )


@dataclass(frozen=True)
class Groups:
    """How many images each group has, and how many of them failed."""

    sizes: Codes
    failures: Floats


def groups_of(groups: Codes, failed: Mask, many: int = 0) -> Groups:
    """Count the images of each group."""
    sizes = np.bincount(groups, minlength=many)
    failures = np.bincount(groups[failed], minlength=sizes.size)
    return Groups(sizes, failures.astype(np.float64))


def _stretches(runs: Groups) -> Iterator[Groups]:
    """Runs by themselves, then by twos, by fours, and so on: what was made about the same time."""
    width = 1
    while width == 1 or runs.sizes.size >= _FEWEST_BLOCKS * width:
        at = np.arange(0, runs.sizes.size, width)
        yield Groups(np.add.reduceat(runs.sizes, at), np.add.reduceat(runs.failures, at))
        width *= 2


def tail(tally: Tally, rate: float, shared: float) -> float:
    """The chance of so many failures at this rate, where so many images count as one.

    Where images fail at different rates, this one with their mean is never too small.
    """
    if tally.failures <= tally.count * rate:
        return 1.0
    k, n = tally.failures / shared, tally.count / shared
    return float(betainc(k, n - k + 1, rate))


def _crowd(sizes: Codes) -> float:
    """How many others of its group an image has beside it, on average."""
    return max(float((sizes.astype(np.float64) ** 2).sum()) / max(int(sizes.sum()), 1) - 1, 0.0)


def _is_only_the_time(here: Groups, others: Groups) -> bool:
    """Whether the others of the same stretches fail as much (Mantel and Haenszel's comparison).

    Where a stretch has no others, it says nothing.
    """
    many, failures = here.sizes + others.sizes, here.failures + others.failures
    share = here.sizes / np.maximum(many, 1)
    spread = share * (1 - share) * failures * (many - failures) / np.maximum(many - 1, 1)
    told = float(spread.sum())
    more = float((here.failures - share * failures).sum())
    return told >= _TELLING and more < _NEARBY * math.sqrt(told)


def _chance_of_runs(here: Groups, whole: Groups) -> float:
    """How likely chance picks just these runs of all, if so many fail for some other reason.

    Runs count by how many of equal size they are worth: one long and two of one image each
    are hardly more than one.
    """
    many, some = _worth(whole.sizes), _worth(here.sizes)
    some = min(some, many)
    return math.exp(math.lgamma(some + 1) + math.lgamma(many - some + 1) - math.lgamma(many + 1))


def _worth(sizes: Codes) -> float:
    n = sizes.astype(np.float64)
    return float(n.sum() ** 2 / (n**2).sum())


def alikeness(*parts: Groups) -> float:
    """How alike images of one group are in failing: the intraclass correlation, at least 0.

    Given in parts, only what a part's own rate does not explain counts.
    """
    between = within = squares = total = 0.0
    many = 0
    for part in parts:
        seen = part.sizes > 0
        n, failures = part.sizes[seen].astype(np.float64), part.failures[seen]
        if not n.size:
            continue
        rates, rate = failures / n, failures.sum() / n.sum()
        between += float((n * (rates - rate) ** 2).sum())
        within += float((n * rates * (1 - rates)).sum())
        squares += float((n**2).sum() / n.sum())
        total, many = total + float(n.sum()), many + n.size
    free = many - len(parts)
    if free < 1 or total <= many:
        return 0.0  # nothing to compare
    between, within = between / free, within / (total - many)
    whole = between + ((total - squares) / free - 1) * within
    return max(0.0, (between - within) / whole) if whole > 0 else 0.0
