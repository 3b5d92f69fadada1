"""Settle a decided step: better words and settings where a model is to be asked for them.

Owns the last changes to a step before it is drawn, and the document that keeps it. A
resumed run reads that document and asks nobody again.
"""

from dataclasses import replace

from darkroom.adapters.vision.judge import Comparison, Wish
from darkroom.core.decide import Try, drawn_seed
from darkroom.core.errors import VisionError
from darkroom.core.wording import Prompts, worded
from darkroom.runs import records
from darkroom.runs.editing import edited
from darkroom.runs.graphs import drawable
from darkroom.runs.live import read_live, write_live
from darkroom.runs.run import Iteration, Run
from darkroom.runs.telling import Began, Said, tell


def settle_step(run: Run, step: Try) -> Try:
    """The step as it will be drawn; saved first."""
    saved = run.docs.of("step", step.iteration)
    if saved is None:
        wanted = edited(run, step)
        settled = _fresh(run, drawable(run, _suggested(run, _reworded(run, wanted))))
        saved = run.docs.save("step", step.iteration, records.plain_step(settled))
        is_touched = False
    else:  # an edit made since counts from the next iteration on: it must outlive this one
        is_touched = read_live(run) is not None
    settled = records.read_step(saved, run.keys.document("step", step.iteration))
    if not is_touched:
        write_live(run, settled)
    tell(Began(settled))
    return settled


def _last(run: Run) -> Iteration | None:
    return run.counted[-1] if run.counted else None


def _reworded(run: Run, step: Try) -> Try:
    """Ask for better prompts; where nobody answers, the present ones are kept."""
    last = _last(run)
    if not step.reword or last is None or last.tried.evaluation is None:
        return step
    wish = Wish(
        prompts=step.prompts,
        evaluation=last.tried.evaluation,
        failed=tuple(rule for rule in run.criteria if rule.field in step.reword),
        answers=last.answers.criteria if last.answers else {},
        comparison=last.comparison,
        notes=run.notes,
    )
    try:
        prompts = run.tools.judge.improve(wish).result
    except VisionError as error:
        return _unhelped(step, error)
    return replace(step, prompts=_ruled(run, prompts))


def _ruled(run: Run, prompts: Prompts) -> Prompts:
    """Whatever a model writes, the terms of the rules hold."""
    return worded(prompts, run.criteria)


def _suggested(run: Run, step: Try) -> Try:
    last = _last(run)
    if step.suggest is None or last is None:
        return step
    compared = last.comparison or Comparison(last.tried.similarity)
    try:
        judged = run.tools.judge.suggest(step.settings, step.prompts, compared, step.suggest)
    except VisionError as error:
        return _unhelped(step, error)
    return replace(step, settings=judged.result)


def _unhelped(step: Try, error: VisionError) -> Try:
    if error.code == "vision-budget":
        raise error
    tell(Said(f"no advice for iteration {step.iteration}: {error.message}"))
    return replace(step, why=f"{step.why} (no advice: {error.message})")


def _fresh(run: Run, step: Try) -> Try:
    """A step that would draw an earlier picture again gets another seed."""
    tried = [item.tried for item in run.iterations]
    seen = [(each.settings, each.prompts, each.base) for each in tried]
    if (step.settings, step.prompts, step.base) not in seen:
        return step
    seed = drawn_seed(run.plan.run_id, step.iteration)
    return replace(step, settings=replace(step.settings, seed=seed))
