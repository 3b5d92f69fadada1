"""Ask the judges about one image, and keep what they say before anyone acts on it.

Owns what is asked of whom, and what an absent judge means: every answer is unknown
with the reason, and after three such images in a row the run stops rather than
drawing on blindly. What is saved already is read, never asked again.
"""

from dataclasses import replace
from typing import cast

from darkroom.adapters.image_encoding import limit
from darkroom.adapters.stores.verified import read_verified
from darkroom.adapters.vision.chat import Usage
from darkroom.adapters.vision.judge import Asking, Comparison, Judge, Judged
from darkroom.core.answers import Answer, unknown
from darkroom.core.errors import VisionError
from darkroom.core.evaluation import evaluate
from darkroom.runs import records
from darkroom.runs.canary import guarded
from darkroom.runs.documents import Document
from darkroom.runs.run import Answers, Image, Original, Run
from darkroom.runs.telling import Said, tell

_BLIND_IN_A_ROW = 2
"""So many images without any answer before this one end the run."""


def answer_questions(run: Run, image: Image) -> Answers:
    """All questions and all criteria of the rules, answered by the judge that steers."""
    saved = run.docs.of("questions", image.iteration)
    if saved is None:
        answers = _answered(run, image)
        saved = run.docs.save("questions", image.iteration, _questions(image, answers))
    return _read(saved, run, image)


def _answered(run: Run, image: Image) -> Answers:
    try:
        answers = ask(run, run.tools.judge, image)
        return guarded(run, image.iteration, answers, lambda: shown(run, seen(run, image)))
    except VisionError as error:
        if error.code == "vision-budget" or _is_blind(run):
            raise
        tell(Said(f"the judge did not answer: {error.message}"))
        return _silence(run, error)


def ask(run: Run, judge: Judge, image: Image) -> Answers:
    """Have one judge answer everything."""
    data = shown(run, seen(run, image))
    rules, original = run.project.rules, run.original.description if run.original else ""
    opened, asking, raw = {}, None, ()
    if rules.questions:
        told = judge.answer(data, rules.questions, original)
        opened, asking, raw = told.result, told.asking, _unclear(told)
    verdicts = judge.verdicts(data, rules.acceptance_criteria, opened, original)
    asking, raw = _joined(asking, verdicts.asking), (*raw, *_unclear(verdicts))
    return Answers(opened, verdicts.result, records.receipt(asking), _usage(asking.usage), raw)


def _unclear(judged: Judged[dict[str, Answer]]) -> tuple[str, ...]:
    """The reply as it came, where something in it could not be read."""
    is_clear = all(answer.value is not None for answer in judged.result.values())
    return () if is_clear or judged.raw is None else (judged.raw,)


def seen(run: Run, image: Image) -> bytes:
    """The image as it was drawn: bytes that changed in the store are judged by nobody."""
    return read_verified(run.tools.desk.store, image.key, image.sha256)


def shown(run: Run, data: bytes) -> bytes:
    """The image as it leaves for a judge: small enough and without metadata."""
    if run.project.aivis.provider == "embedded":
        return data  # measured on this machine, every pixel as it is
    return limit(data, run.project.aivis.max_image_px)


def _joined(first: Asking | None, second: Asking) -> Asking:
    if first is None:
        return second
    return replace(
        second,
        using_fallback=first.using_fallback or second.using_fallback,
        attempts=max(first.attempts, second.attempts),
        error=second.error or first.error,
        usage=first.usage + second.usage,
    )


def _usage(usage: Usage) -> dict[str, int]:
    return {"calls": usage.calls, "tokens_in": usage.tokens_in, "tokens_out": usage.tokens_out}


def _is_blind(run: Run) -> bool:
    recent = [item.answers for item in run.counted if item.answers][-_BLIND_IN_A_ROW:]
    return len(recent) == _BLIND_IN_A_ROW and not any(each.asking["success"] for each in recent)


def _silence(run: Run, error: VisionError) -> Answers:
    reason = f"the judge did not answer: {error.message}"
    rules, aivis = run.project.rules, run.project.aivis
    asking = Asking(
        aivis.provider, aivis.model or "", success=False, attempts=1 + aivis.retries, error=reason
    )
    opened = {asked.field: unknown(asked.field, reason) for asked in rules.questions}
    criteria = {asked.field: unknown(asked.field, reason) for asked in rules.acceptance_criteria}
    return Answers(opened, criteria, records.receipt(asking), _usage(Usage(0)))


def _questions(image: Image, answers: Answers) -> Document:
    return {
        "iteration": image.iteration,
        "image_key": image.key,
        "questions": records.values(answers.open),
        "criteria": records.values(answers.criteria),
        "answers": records.plain_answers(answers.open),
        "criteria_answers": records.plain_answers(answers.criteria),
        "aivis_metadata": answers.asking,
        "usage": answers.usage,
        "raw": list(answers.raw),
    }


def _read(saved: Document, run: Run, image: Image) -> Answers:
    try:
        return Answers(
            records.read_plain_answers(saved["answers"]),
            records.read_plain_answers(saved["criteria_answers"]),
            cast("dict[str, object]", saved["aivis_metadata"]),
            cast("dict[str, int]", saved["usage"]),
            tuple(cast("list[str]", saved.get("raw", []))),
        )
    except (KeyError, TypeError, AttributeError) as exc:
        raise records.damaged(run.keys.document("questions", image.iteration), exc) from exc


def compare_images(run: Run, image: Image) -> Comparison | None:
    """How the image differs from the input image; None where there is none."""
    if run.original is None:
        return None
    saved = run.docs.of("comparison", image.iteration)
    if saved is None:
        saved = run.docs.save("comparison", image.iteration, _compared(run, image, run.original))
    return records.read_comparison(saved)


def _compared(run: Run, image: Image, original: Original) -> Document:
    data = shown(run, seen(run, image))
    before = shown(run, original.data)
    try:
        judged = run.tools.judge.compare(before, data, original.description)
    except VisionError as error:
        if error.code == "vision-budget":
            raise
        absent = Comparison(None, (), f"the judge did not answer: {error.message}")
        return {"iteration": image.iteration, **records.plain_comparison(absent)}
    parts = records.plain_comparison(judged.result)
    return {
        "iteration": image.iteration,
        **parts,
        "aivis_metadata": records.receipt(judged.asking),
        "usage": _usage(judged.asking.usage),
    }


def watch(run: Run, image: Image) -> float | None:
    """The score by the judge that only watches: kept and reported, never acted on."""
    if run.tools.holdout is None:
        return None
    saved = run.docs.of("holdout", image.iteration)
    if saved is None:
        saved = run.docs.save("holdout", image.iteration, _watched(run, run.tools.holdout, image))
    score = saved.get("overall_score")
    return float(score) if isinstance(score, int | float) else None


def _watched(run: Run, judge: Judge, image: Image) -> Document:
    try:
        answers = ask(run, judge, image)
    except VisionError as error:
        return {"iteration": image.iteration, "overall_score": None, "error": error.message}
    evaluation = evaluate(run.criteria, answers.criteria)
    parts = records.plain_evaluation(evaluation)
    return {"iteration": image.iteration, **parts, "aivis_metadata": answers.asking}
