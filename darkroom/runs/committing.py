"""Bring an iteration to its end: evaluation, sidecar, metadata, checkpoint, in this order.

Owns what the sidecar says of the judging, S2's metadata document and the step of the
checkpoint. Each is written once; a crash between two of them is taken up at the next run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from darkroom.adapters.vision.judge import Comparison
from darkroom.core.decide import Tried, Try
from darkroom.core.errors import DarkroomError, JobFailed
from darkroom.core.evaluation import Evaluation
from darkroom.core.sidecar import moment
from darkroom.runs import records
from darkroom.runs.checkpoint import advanced, write_checkpoint
from darkroom.runs.copying import commit_copy
from darkroom.runs.describing import refinement_of
from darkroom.runs.documents import Document
from darkroom.runs.jobs import job_of
from darkroom.runs.run import Answers, Image, Iteration, Run
from darkroom.runs.telling import Failed, Judged, tell
from darkroom.writepath.desk import Committed, Stored
from darkroom.writepath.draw import draw


@dataclass(frozen=True)
class Findings:
    """Everything the judges said of one image."""

    answers: Answers
    evaluation: Evaluation
    comparison: Comparison | None = None
    holdout: float | None = None


def commit_image(run: Run, step: Try, image: Image, findings: Findings) -> Iteration:
    """Save the evaluation, commit the image with its sidecar, and record the iteration."""
    parts = records.plain_evaluation(findings.evaluation)
    run.docs.save("evaluation", step.iteration, {"iteration": step.iteration, **parts})
    _commit(run, step, image, findings)
    _record(run, step, _metadata(run, step, image, findings))
    ended = Iteration(
        _tried(run, step, findings), step.why, image, *_said(findings), findings.holdout
    )
    _remember(run, ended)
    tell(Judged(step.iteration, findings.evaluation, ended.tried.similarity))
    return ended


def record_failure(run: Run, step: Try, error: DarkroomError) -> Iteration:
    """Record an iteration that gave no image; the run goes on."""
    reason = run.tools.desk.redact(f"{error.message} [{error.code}]")
    content = _metadata(run, step, None, None) | {"failure": reason}
    _record(run, step, content)
    tried = Tried(step.iteration, step.settings, step.prompts, step.base, None, failure=reason)
    ended = Iteration(tried, step.why)
    _remember(run, ended)
    tell(Failed(step.iteration, reason))
    return ended


def _said(findings: Findings) -> tuple[Answers, Comparison | None]:
    return findings.answers, findings.comparison


def _tried(run: Run, step: Try, findings: Findings) -> Tried:
    # an image drawn from nothing need not resemble anything
    compared = findings.comparison if run.plan.base == "input" else None
    return Tried(
        step.iteration,
        step.settings,
        step.prompts,
        step.base,
        findings.evaluation,
        compared.similarity if compared else None,
    )


def _commit(run: Run, step: Try, image: Image, findings: Findings) -> None:
    def judged(key: str) -> dict[str, object]:
        cost = {"cost": _cost(run, image, findings)}
        return {"iteration": _judging(run, step, key, findings), **cost}

    if image.copied_from is not None:
        commit_copy(run, image, judged(image.key) | {"refinement": refinement_of(run, step)})
        return

    def answer(stored: Stored) -> Mapping[str, object]:
        return judged(stored.intent.image_key)

    drawer = image.drawn_by or run.tools.drawer
    done = draw(job_of(run, step, drawer.engine), run.tools.desk, drawer.renderer, answer)
    if not isinstance(done, Committed):
        raise JobFailed(
            "iteration-undrawn", "the image is gone since it was judged", where=image.key
        )


def _judging(run: Run, step: Try, key: str, findings: Findings) -> dict[str, object]:
    """S2's iteration block of the sidecar."""
    evaluation = findings.evaluation
    odds = {v.field: v.p_yes for v in evaluation.verdicts if v.p_yes is not None}
    return {
        "iteration": step.iteration,
        "timestamp": moment(run.tools.desk.now()),
        "image_path": key.partition("/")[2],
        "parameters_used": records.plain_settings(step.settings),
        "questions": records.values(findings.answers.open)
        | records.values(findings.answers.criteria),
        "evaluation": {
            "overall_score": records.judged_score(evaluation),
            "criteria_results": {v.field: v.passed for v in evaluation.verdicts},
            "probabilities": odds,
        },
        "comparison": records.plain_comparison(findings.comparison)
        if findings.comparison
        else None,
        "aivis_metadata": findings.answers.asking
        | {"model": findings.answers.asking["model"] or None},
        "prompts_used": {"positive": step.prompts.positive, "negative": step.prompts.negative},
    }


def _cost(run: Run, image: Image, findings: Findings) -> dict[str, object]:
    compared = (run.docs.of("comparison", image.iteration) or {}).get("usage")
    also = cast("dict[str, int]", compared) if isinstance(compared, dict) else {}
    spent = {name: count + also.get(name, 0) for name, count in findings.answers.usage.items()}
    drawn = {"seconds": image.seconds, "gpu_seconds": image.seconds}
    return {**spent, **{name: value for name, value in drawn.items() if value is not None}}


def _metadata(run: Run, step: Try, image: Image | None, findings: Findings | None) -> Document:
    """S2's metadata of the iteration, and what a resumed run needs beside it."""
    answers = findings.answers if findings else None
    compared = findings.comparison if findings else None
    return {
        "iteration": step.iteration,
        "run_id": run.keys.run_id,
        "timestamp": run.tools.desk.now().timestamp(),
        "image_path": image.key.partition("/")[2] if image else None,
        "parameters_used": records.plain_settings(step.settings),
        "questions": records.values(answers.open) if answers else {},
        "evaluation": records.plain_evaluation(findings.evaluation) if findings else None,
        "comparison": records.plain_comparison(compared) if compared else None,
        "aivis_metadata": answers.asking if answers else None,
        "prompts_used": {"positive": step.prompts.positive, "negative": step.prompts.negative},
        "base": step.base,
        "why": step.why,
        "image": _image(image),
        "holdout_score": findings.holdout if findings else None,
        "failure": None,
    }


def _image(image: Image | None) -> Document | None:
    if image is None:
        return None
    told: Document = {"key": image.key, "sha256": image.sha256, "seconds": image.seconds}
    return told | ({"copied_from": image.copied_from} if image.copied_from else {})


def _record(run: Run, step: Try, content: Document) -> None:
    run.docs.save("metadata", step.iteration, content)


def _remember(run: Run, ended: Iteration) -> None:
    run.iterations.append(ended)
    if run.is_control:
        return
    best = run.best
    run.checkpoint = advanced(
        run.checkpoint, ended.tried.iteration, best.tried.iteration if best else None
    )
    write_checkpoint(run.project.folder, run.checkpoint, moment(run.tools.desk.now()))
