"""From answers to a score: which criteria an image meets.

Owns what it means to pass. Unknown is never a pass; a criterion whose parent did
not pass is skipped, which is no pass either, so that 100 always means all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from darkroom.core.answers import Answer, AnswerValue, unknown

FULL_SCORE = 100.0


class Criterion(Protocol):
    """An acceptance criterion, as far as judging it goes."""

    @property
    def field(self) -> str:
        """Return its name."""
        ...

    @property
    def type(self) -> str:
        """Return string, integer, number, boolean or array."""
        ...

    @property
    def min(self) -> float | None:
        """Return the least value that passes."""
        ...

    @property
    def max(self) -> float | None:
        """Return the greatest value that passes."""
        ...

    @property
    def weight(self) -> float:
        """Return its share of the score."""
        ...

    @property
    def depends_on(self) -> Sequence[str]:
        """Return the criteria that must pass before this one means anything."""
        ...


@dataclass(frozen=True)
class Verdict:
    """One criterion of one image; `passed` None means unknown."""

    field: str
    passed: bool | None
    weight: float = 1.0
    skipped: bool = False
    p_yes: float | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Evaluation:
    """All criteria of one image and what they add up to."""

    verdicts: tuple[Verdict, ...]
    score: float

    @property
    def accepted(self) -> bool:
        """Whether every criterion passed."""
        return bool(self.verdicts) and all(verdict.passed for verdict in self.verdicts)

    @property
    def failed(self) -> tuple[str, ...]:
        """Return the fields that were judged and did not pass."""
        return tuple(v.field for v in self.verdicts if not v.passed and not v.skipped)


def evaluate(criteria: Sequence[Criterion], answers: Mapping[str, Answer]) -> Evaluation:
    """Judge every criterion by its answer; parents are judged before children."""
    verdicts: dict[str, Verdict] = {}
    for criterion in parents_first(criteria):
        blocked = [name for name in criterion.depends_on if not _passed(verdicts.get(name))]
        if blocked:
            reason = f"needs {', '.join(blocked)}"
            verdicts[criterion.field] = Verdict(
                criterion.field, None, criterion.weight, skipped=True, reason=reason
            )
        else:
            answer = answers.get(criterion.field) or unknown(criterion.field, "not answered")
            verdicts[criterion.field] = judge(criterion, answer)
    ordered = tuple(verdicts[criterion.field] for criterion in criteria)
    return Evaluation(ordered, score_of(ordered))


def parents_first(criteria: Sequence[Criterion]) -> list[Criterion]:
    """Order criteria so that each comes after those it depends on.

    A cycle cannot come from a checked rules file; what is left of one keeps its order.
    """
    waiting = list(criteria)
    known = {criterion.field for criterion in criteria}
    placed: list[Criterion] = []
    done: set[str] = set()
    while waiting:
        ready = [c for c in waiting if not ((set(c.depends_on) & known) - done)] or waiting
        placed += ready
        done |= {criterion.field for criterion in ready}
        waiting = [criterion for criterion in waiting if criterion.field not in done]
    return placed


def judge(criterion: Criterion, answer: Answer) -> Verdict:
    """Judge one criterion by its answer alone."""
    passed = None if answer.value is None else _within(criterion, answer.value)
    return Verdict(
        criterion.field, passed, criterion.weight, p_yes=answer.p_yes, reason=answer.reason
    )


def _within(criterion: Criterion, value: AnswerValue) -> bool:
    if isinstance(value, bool):
        # min and max are 0 and 1 for a boolean; only a max of 0 turns the wish round
        return value is not (criterion.max == 0)
    if isinstance(value, int | float):
        low = criterion.min is None or value >= criterion.min
        return low and (criterion.max is None or value <= criterion.max)
    return bool(value)


def score_of(verdicts: Sequence[Verdict]) -> float:
    """Return the weight that passed as a share of all weight, in percent."""
    total = sum(verdict.weight for verdict in verdicts)
    if total == 0:
        return 0.0
    return FULL_SCORE * sum(v.weight for v in verdicts if v.passed) / total


def _passed(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.passed is True
