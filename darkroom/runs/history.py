"""What a run has done so far, read back from its documents in the store.

Owns the way from S2's metadata documents to the iterations that decisions are based
on. The checkpoint is not needed for it.
"""

from typing import cast

from darkroom.core.decide import Base, Plan, Tried
from darkroom.runs import records
from darkroom.runs.documents import Document, Documents
from darkroom.runs.run import Answers, Image, Iteration


def read_history(docs: Documents, plan: Plan) -> list[Iteration]:
    """Every iteration that came to its end, in order."""
    return [_iteration(docs, plan, found) for found in docs.iterations()]


def _iteration(docs: Documents, plan: Plan, found: Document) -> Iteration:
    try:
        return _read(docs, plan, found)
    except (KeyError, TypeError, AttributeError) as exc:
        raise records.damaged(f"{docs.keys.root}/metadata", exc) from exc


def _read(docs: Documents, plan: Plan, found: Document) -> Iteration:
    number = cast("int", found["iteration"])
    comparison = records.read_comparison(_part(found, "comparison"))
    compared = comparison if plan.base == "input" else None
    tried = Tried(
        iteration=number,
        settings=records.read_settings(found["parameters_used"]),
        prompts=records.read_prompts(found["prompts_used"]),
        base=cast("Base", found["base"]),
        evaluation=records.read_evaluation(_part(found, "evaluation")),
        similarity=compared.similarity if compared else None,
        failure=cast("str | None", found.get("failure")),
    )
    return Iteration(
        tried,
        str(found["why"]),
        _image(number, _part(found, "image")),
        _answers(docs, number) if tried.evaluation else None,
        comparison,
        cast("float | None", found.get("holdout_score")),
    )


def _part(found: Document, name: str) -> Document | None:
    part = found.get(name)
    return cast("Document", part) if isinstance(part, dict) else None


def _image(number: int, part: Document | None) -> Image | None:
    if part is None:
        return None
    seconds = cast("float | None", part.get("seconds"))
    return Image(number, str(part["key"]), str(part["sha256"]), fresh=False, seconds=seconds)


def _answers(docs: Documents, number: int) -> Answers | None:
    saved = docs.of("questions", number)
    if saved is None:
        return None
    return Answers(
        records.read_plain_answers(saved["answers"]),
        records.read_plain_answers(saved["criteria_answers"]),
        cast("Document", saved["aivis_metadata"]),
        cast("dict[str, int]", saved["usage"]),
    )
