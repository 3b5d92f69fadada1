"""Answers, verdicts and steps as JSON, and back.

Owns the shape of what a resumed run reads again: each pair of functions is the
inverse of the other. Raises DataError where a document is not what we wrote.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

from darkroom.adapters.vision.judge import Asking, Comparison
from darkroom.core.answers import Answer
from darkroom.core.decide import Base, Try
from darkroom.core.errors import DataError
from darkroom.core.evaluation import Evaluation, Verdict
from darkroom.core.tuning import Direction, Settings
from darkroom.core.wording import Prompts

Document = Mapping[str, object]


def plain_answers(answers: Mapping[str, Answer]) -> dict[str, object]:
    """Every answer with its probability, reason and sight."""
    return {field: asdict(answer) for field, answer in answers.items()}


def read_plain_answers(document: object) -> dict[str, Answer]:
    """The answers of `plain_answers`."""
    found = cast("dict[str, dict[str, Any]]", document)
    return {field: _answer(parts) for field, parts in found.items()}


def _answer(parts: dict[str, Any]) -> Answer:
    value = parts["value"]
    value = tuple(cast("list[str]", value)) if isinstance(value, list) else value
    return Answer(parts["field"], value, parts["p_yes"], parts["reason"], parts["seen"])


def values(answers: Mapping[str, Answer]) -> dict[str, object]:
    """S2's plain answers: field and value."""
    return {field: answer.value for field, answer in answers.items()}


def receipt(asking: Asking) -> dict[str, object]:
    """S2's aivis_metadata."""
    return {
        "provider": asking.provider,
        "model": asking.model,
        "using_fallback": asking.using_fallback,
        "success": asking.success,
        "attempts": asking.attempts,
        "error": asking.error,
    }


def judged_score(evaluation: Evaluation | None) -> float | None:
    """The score in percent; None where nobody could judge, for that is no 0."""
    if evaluation is None or all(verdict.passed is None for verdict in evaluation.verdicts):
        return None
    return evaluation.score


def plain_evaluation(evaluation: Evaluation) -> dict[str, object]:
    """S2's evaluation, and each verdict with its reason."""
    return {
        "overall_score": judged_score(evaluation),
        "accepted": evaluation.accepted,
        "criteria_results": {v.field: v.passed for v in evaluation.verdicts},
        "verdicts": [asdict(verdict) for verdict in evaluation.verdicts],
    }


def read_evaluation(document: Document | None) -> Evaluation | None:
    """The evaluation of `plain_evaluation`."""
    if document is None:
        return None
    found = cast("list[dict[str, Any]]", document["verdicts"])
    score = cast("float | None", document["overall_score"]) or 0.0
    return Evaluation(tuple(Verdict(**parts) for parts in found), score)


def plain_comparison(comparison: Comparison) -> dict[str, object]:
    """S2's comparison."""
    return {
        "similarity_score": comparison.similarity,
        "differences": list(comparison.differences),
        "analysis": comparison.analysis,
    }


def read_comparison(document: Document | None) -> Comparison | None:
    """The comparison of `plain_comparison`."""
    if document is None:
        return None
    return Comparison(
        cast("float | None", document["similarity_score"]),
        tuple(cast("list[str]", document["differences"])),
        str(document["analysis"]),
    )


def plain_settings(settings: Settings) -> dict[str, object]:
    """S2's six parameters."""
    return asdict(settings)


def read_settings(document: object) -> Settings:
    """The settings of `plain_settings`."""
    return Settings(**cast("dict[str, Any]", document))


def read_prompts(document: object) -> Prompts:
    """Both prompts of a document."""
    return Prompts(**cast("dict[str, str]", document))


def plain_step(step: Try) -> dict[str, object]:
    """A step as it was settled, before anything is drawn."""
    return asdict(step)


def read_step(document: Document, where: str) -> Try:
    """The step of `plain_step`."""
    try:
        return Try(
            cast("int", document["iteration"]),
            read_settings(document["settings"]),
            read_prompts(document["prompts"]),
            cast("Base", document["base"]),
            tuple(cast("list[str]", document["reword"])),
            cast("Direction | None", document["suggest"]),
            str(document["why"]),
        )
    except (KeyError, TypeError) as exc:
        raise damaged(where, exc) from exc


def damaged(where: str, cause: Exception) -> DataError:
    """The error for a document of ours that lacks what we write."""
    return DataError("run-document-damaged", f"lacks or misplaces {cause}", where=where)
