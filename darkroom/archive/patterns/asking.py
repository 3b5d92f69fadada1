"""Failure patterns of a laboratory: the verbs people and programs call.

Owns which warehouse and which trials are looked at. What is found is as of the last sync.
"""

from dataclasses import dataclass, field

from darkroom.adapters.settings import Lab, open_lab
from darkroom.adapters.stores import opened_store
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.warehouse.statements import query
from darkroom.archive.opening import opened_library
from darkroom.archive.patterns.analysing import Analysis, PatternReport, analyse
from darkroom.archive.patterns.reading import Scope
from darkroom.core.errors import DataError, UsageError
from darkroom.core.pattern_trials import PatternTrial, parse, trials_prefix
from darkroom.core.patterns import Limits


@dataclass(frozen=True)
class Question:
    """Which patterns are asked for."""

    model: str | None = None
    project: str | None = None
    limits: Limits = field(default_factory=Limits)


def analyze_failure_patterns(
    model: str | None = None,
    min_occurrences: int = 10,
    failure_threshold: float = 0.7,
    *,
    project: str | None = None,
    lab: Lab | None = None,
) -> PatternReport:
    """Find what failed images have in common, of one model or of all."""
    limits = Limits(min_occurrences, failure_threshold)
    return analysis_of(lab or open_lab(), Question(model, project, limits)).report


def analysis_of(lab: Lab, question: Question) -> Analysis:
    """The report with the arrays behind it."""
    check(question.limits)
    with opened_library(lab) as connection, opened_store(lab) as store:
        names = [row[0] for row in connection.execute(query("patterns/projects").text).fetchall()]
        trials = read_trials(store, [str(name) for name in names])
        scope = Scope(question.project, question.model)
        return analyse(connection, scope, question.limits, trials)


def check(limits: Limits) -> None:
    """Refuse numbers that cannot be meant."""
    if limits.min_occurrences < 1:
        message = f"min_occurrences must be at least 1, not {limits.min_occurrences}"
        raise UsageError("patterns-limits", message)
    if not 0 < limits.failure_threshold <= 1:
        message = f"failure_threshold must be above 0 and at most 1, not {limits.failure_threshold}"
        raise UsageError("patterns-limits", message)


def read_trials(store: Store, projects: list[str]) -> list[PatternTrial]:
    """Every trial of these projects; what cannot be read is left out."""
    found: list[PatternTrial] = []
    for project in projects:
        for key in store.iter_keys(trials_prefix(project)):
            try:
                found.append(parse(store.get(key), key))
            except DataError:
                continue
    return found
