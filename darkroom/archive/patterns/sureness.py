"""How surely a cell fails more, where images that resemble each other count for less.

Owns the test a cell must pass at last. Images of one run share what nobody wrote down, and
an image drawn again from the same seed is the same one. So there are two questions, and
the surer answer counts: do a cell's images fail more than the others of their own runs do;
and do they fail more than all images do, once those of one run count for less by as much as
runs differ.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc  # pyright: ignore[reportMissingTypeStubs] - scipy has none

from darkroom.archive.patterns.table import Codes, Floats, Mask, Table
from darkroom.core.significance import Tally

_QUESTIONS = 2
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
        shared = twins + alikeness(here, others) * _crowd(here.sizes)
        within = tail(tally, float(self._expected[at].mean()), twins)
        may_be_chance = _chance_of_runs(here, self._runs) > self._too_likely
        overall = 1.0 if may_be_chance else tail(tally, table.base, shared)
        return Sure(
            p_value=min(1.0, _QUESTIONS * min(within, overall)),
            shared=shared,
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
