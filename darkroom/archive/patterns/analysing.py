"""The whole analysis: read, count, choose, and say it with what trials showed.

Owns the report. Works on an open connection to a warehouse and on trials that were read
before, so that it can be tested on tables made by hand.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
import numpy as np

from darkroom.archive.patterns.counting import count
from darkroom.archive.patterns.reading import Scope, read_table, verdicts
from darkroom.archive.patterns.table import Mask, Table, bits
from darkroom.core.pattern_trials import PatternTrial
from darkroom.core.patterns import (
    Better,
    Items,
    Kept,
    Limits,
    Pattern,
    Trial,
    common_category,
    status_of,
    still_sure,
    trial_of,
    worth_saying,
)
from darkroom.core.patterns_advice import recommend
from darkroom.core.significance import Tally, wilson


@dataclass(frozen=True)
class PatternReport:
    """What was looked at, and what was found in it."""

    project: str | None
    model: str | None
    images: int
    """That somebody judged; the others say nothing."""
    failures: int
    runs: int
    tested: int
    """Values, pairs and triples that were frequent enough to be tested."""
    patterns: tuple[Pattern, ...]
    """The strongest first."""

    @property
    def base_rate(self) -> float:
        """The share of all these images that failed."""
        return self.failures / self.images if self.images else 0.0


@dataclass(frozen=True)
class Analysis:
    """A report, and the arrays it was made from."""

    report: PatternReport
    table: Table


def analyse(
    connection: duckdb.DuckDBPyConnection,
    scope: Scope,
    limits: Limits,
    trials: Iterable[PatternTrial] = (),
) -> Analysis:
    """Find the failure patterns of a warehouse."""
    trials = tuple(trials)
    tried = _tried(connection, trials, limits) if trials else {}
    runs = scope.without_runs | {trial.run for trial in trials}
    table = read_table(connection, Scope(scope.project, scope.model, frozenset(runs)), limits)
    return Analysis(_report(table, scope, limits, tried), table)


def _report(table: Table, scope: Scope, limits: Limits, tried: dict[Items, Trial]) -> PatternReport:
    found: list[Pattern] = []
    tested = 0
    if table.count and table.failed.any():
        counted = count(table, limits)
        tested = counted.tested
        kept = worth_saying(counted.cells, bits(table.failed), table.base, limits, tested)
        sure = still_sure(kept, tested, limits)
        found = [_pattern(table, one, limits, tried) for one in sure]
    return PatternReport(
        project=scope.project,
        model=scope.model,
        images=table.count,
        failures=int(table.failed.sum()),
        runs=int(np.unique(table.runs).size),
        tested=tested,
        patterns=tuple(found),
    )


def _pattern(table: Table, kept: Kept, limits: Limits, tried: dict[Items, Trial]) -> Pattern:
    cell = kept.cell
    rows = rows_with(table, cell.items)
    better = _better(table, cell.items, cell.tally, limits)
    trial = tried.get(cell.items)
    failing = np.flatnonzero(rows & table.failed)
    return Pattern(
        items=cell.items,
        tally=cell.tally,
        interval=cell.interval,
        base_rate=table.base,
        p_value=cell.p_value,
        runs=cell.runs,
        common_category=common_category(table.categories[int(at)] for at in failing),
        same_as=kept.same_as,
        better=better,
        status=status_of(trial),
        trial=trial,
        recommendation=recommend(kept, table.base, better, trial),
    )


def rows_with(table: Table, items: Items) -> Mask:
    """The images that have all the items; none where an item is not known any more."""
    rows = np.ones(table.count, dtype=bool)
    axes = {axis.name: axis for axis in table.axes}
    for item in items:
        if item in table.words:
            rows = rows & table.has_word[:, table.words.index(item)]
        elif item.axis in axes and item.value in axes[item.axis].values:
            axis = axes[item.axis]
            rows = rows & (axis.codes == axis.values.index(item.value) + 1)
        else:
            return np.zeros(table.count, dtype=bool)
    return rows


def _better(table: Table, items: Items, tally: Tally, limits: Limits) -> Better | None:
    """The value on one axis with which the rest of the pattern fails least, surely less."""
    low = wilson(tally).low
    found: list[tuple[float, Better]] = []
    for axis in table.axes:
        if axis.name not in {item.axis for item in items}:
            continue
        rest = rows_with(table, tuple(item for item in items if item.axis != axis.name))
        counts = np.bincount(axis.codes[rest], minlength=axis.size)
        failures = np.bincount(axis.codes[rest & table.failed], minlength=axis.size)
        for code in range(1, axis.size):
            other = Tally(int(failures[code]), int(counts[code]))
            high = wilson(other).high
            if other.count >= limits.min_occurrences and high < low:
                found.append((high, Better(axis.name, axis.item(code).value, other)))
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _tried(
    connection: duckdb.DuckDBPyConnection, trials: tuple[PatternTrial, ...], limits: Limits
) -> dict[Items, Trial]:
    """What the trials of each pattern showed, all its rounds together."""
    images = {key for trial in trials for key in (*trial.with_pattern, *trial.without_pattern)}
    failed = verdicts(connection, sorted(images))
    rounds: dict[Items, list[PatternTrial]] = {}
    for trial in sorted(trials, key=lambda trial: trial.id):
        rounds.setdefault(trial.pattern, []).append(trial)
    return {
        items: trial_of(
            tuple(one.id for one in made),
            _tally((key for one in made for key in one.with_pattern), failed),
            _tally((key for one in made for key in one.without_pattern), failed),
            limits.failure_threshold,
        )
        for items, made in rounds.items()
    }


def _tally(images: Iterable[str], failed: dict[str, bool]) -> Tally:
    judged = [failed[image] for image in images if image in failed]
    return Tally(sum(judged), len(judged))
