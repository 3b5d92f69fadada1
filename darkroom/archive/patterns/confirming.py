"""Confirm or refute: try every candidate with fresh seeds, then look again.

Owns the round: look, draw, take the new images into the warehouse, look again. Images of
trials never count as evidence for finding a pattern, only for judging its trial.
"""

from collections.abc import Callable
from dataclasses import dataclass

from darkroom.adapters.settings import Lab
from darkroom.archive.patterns.analysing import PatternReport
from darkroom.archive.patterns.asking import Question, analysis_of
from darkroom.archive.patterns.trying import USUAL_COUNT, Tried, try_pattern
from darkroom.archive.syncing import sync
from darkroom.core.patterns import Pattern

MOST_TRIALS = 10
"""The strongest candidates first; the others wait for the next round."""


@dataclass(frozen=True)
class Confirmation:
    """What was tried, and the patterns as they stand after it."""

    report: PatternReport
    trials: tuple[Tried, ...]


def candidates_of(report: PatternReport) -> tuple[Pattern, ...]:
    """What one round tries."""
    return tuple(one for one in report.patterns if one.status == "candidate")[:MOST_TRIALS]


def _unmoved(_count: int) -> None:
    return


def confirm_patterns(
    lab: Lab,
    question: Question,
    count: int = USUAL_COUNT,
    tell: Callable[[int], None] = _unmoved,
) -> Confirmation:
    """Draw a trial for every candidate, so many images on each side, and report anew."""
    before = analysis_of(lab, question)
    trials = tuple(
        try_pattern(lab, before, pattern, count, tell) for pattern in candidates_of(before.report)
    )
    if any(one.trial for one in trials):
        sync(lab)
    return Confirmation(analysis_of(lab, question).report, trials)
