"""How surely a cell fails more, where images that resemble each other count for less.

Owns the test a cell must pass at last. Images of one run share what nobody wrote down, and
an image drawn again from the same seed is the same one. So there are two questions, and
the surer answer counts: do a cell's images fail more than the others of their own runs do;
and do they fail more than all images do, once those of one run count for less by as much as
runs differ.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc  # pyright: ignore[reportMissingTypeStubs] - scipy has none

from darkroom.archive.patterns.table import Codes, Mask, Table
from darkroom.core.significance import Tally

_QUESTIONS = 2


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

    def __init__(self, table: Table) -> None:
        self._table = table
        self._alike_in_runs = alikeness(table.runs, table.failed)
        twins = np.arange(table.count) if table.twins is None else table.twins
        self._twins = twins
        self._alike_twins = alikeness(twins, table.failed)
        sizes = np.maximum(np.bincount(table.runs), 1)
        rates = np.bincount(table.runs, weights=table.failed) / sizes
        self._expected = rates[table.runs]

    def of(self, rows: Mask, tally: Tally) -> Sure:
        """Ask both questions of the images in some rows."""
        table, at = self._table, np.flatnonzero(rows)
        runs = table.runs[at]
        per_run = np.bincount(runs)
        failing = np.bincount(runs, weights=table.failed[at])
        twins = 1.0
        if self._alike_twins > 0:
            twins += self._alike_twins * _crowd(np.unique(self._twins[at], return_counts=True)[1])
        shared = twins + self._alike_in_runs * _crowd(per_run)
        within = tail(tally, float(self._expected[at].mean()), twins)
        overall = tail(tally, table.base, shared)
        return Sure(
            p_value=min(1.0, _QUESTIONS * min(within, overall)),
            shared=shared,
            runs=int(np.count_nonzero(per_run)),
            runs_failing=int(np.count_nonzero(failing)),
        )


def tail(tally: Tally, rate: float, shared: float) -> float:
    """The chance of so many failures at this rate, where so many images count as one.

    Where images fail at different rates, this one with their mean is never too small.
    """
    if tally.failures <= tally.count * rate:
        return 1.0
    k, n = tally.failures / shared, tally.count / shared
    return float(betainc(k, n - k + 1, rate))


def _crowd(sizes: Codes) -> float:
    """How many others an image of a group has beside it, on average."""
    return max(float((sizes.astype(np.float64) ** 2).sum()) / max(int(sizes.sum()), 1) - 1, 0.0)


def alikeness(groups: Codes, failed: Mask) -> float:
    """How alike images of one group are in failing: the intraclass correlation, at least 0."""
    sizes = np.bincount(groups)
    seen = sizes > 0
    n = sizes[seen].astype(np.float64)
    failures = np.bincount(groups, weights=failed)[seen]
    many, total = n.size, n.sum()
    if many < 2 or total <= many:  # noqa: PLR2004 - nothing to compare
        return 0.0
    rates, base = failures / n, failures.sum() / total
    between = float((n * (rates - base) ** 2).sum() / (many - 1))
    within = float((n * rates * (1 - rates)).sum() / (total - many))
    typical = float((total - (n**2).sum() / total) / (many - 1))
    whole = between + (typical - 1) * within
    return max(0.0, (between - within) / whole) if whole > 0 else 0.0
