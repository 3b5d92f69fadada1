"""The two arms, through the very functions a run consists of, without a scheduler.

Owns the plain loops. Both stop when the judge that steers is content or the budget is
spent, and both deliver the image it likes best; neither hears the held-out judge.
"""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from benchmarks.refinement.prompts import Case
from darkroom.adapters.settings import Lab
from darkroom.core.decide import Try
from darkroom.core.errors import ComfyError
from darkroom.core.evaluation import evaluate
from darkroom.core.keys import RunKeys
from darkroom.runs.beginning import RUN, begin, begun_plan
from darkroom.runs.checkpoint import Checkpoint
from darkroom.runs.committing import Findings, commit_image, record_failure
from darkroom.runs.control import control_of, control_steps
from darkroom.runs.documents import Documents
from darkroom.runs.drawing import draw_image
from darkroom.runs.history import read_history
from darkroom.runs.judging import answer_questions, compare_images, watch
from darkroom.runs.opening import desk_of, tools_of
from darkroom.runs.params import IterateParams
from darkroom.runs.run import Iteration, Run
from darkroom.runs.settling import settle_step
from darkroom.runs.sources import project_of

PREDICATE, RESEED = "predicate", "reseed"


@dataclass(frozen=True)
class Delivered:
    """What one arm came to on one prompt."""

    case: int
    arm: str
    images: int
    gpu_s: float
    accepted: bool
    """By the judge that steers."""
    image_key: str | None


def run_arms(lab: Lab, case: Case, budget: int) -> tuple[Delivered, Delivered]:
    """Both arms of one prompt; what an earlier call drew is not drawn again."""
    with _opened(lab, case) as run:
        while isinstance(step := run.decide(), Try):
            _attempt(run, settle_step(run, step))
        control = control_of(run)
        for step in control_steps(control, budget):
            if not _accepted(control):
                _attempt(control, step)
        return _delivered(case, PREDICATE, run), _delivered(case, RESEED, control)


@contextmanager
def _opened(lab: Lab, case: Case) -> Generator[Run]:
    """The run of a prompt; its name is fixed, and with it every seed."""
    params = IterateParams(project=case.name)
    project = project_of(lab, params)
    name = f"2026-01-01_00-00-00-{case.number}"
    with ExitStack() as stack:
        desk = desk_of(lab, project, stack)
        tools = tools_of(lab, project, desk, stack)
        docs = Documents(desk.store, RunKeys(project.name, name), project.secrets.known())
        if docs.named(RUN) is None:
            begin(project, params, tools, docs, None)
        plan, _ = begun_plan(project, docs, None)
        run = Run(project, plan, tools, docs, Checkpoint(name))
        run.iterations = read_history(docs, plan)
        yield run


def _attempt(run: Run, step: Try) -> Iteration:
    try:
        image = draw_image(run, step)
    except ComfyError as error:
        return record_failure(run, step, error)
    answers = answer_questions(run, image)
    evaluation = evaluate(run.criteria, answers.criteria)
    findings = Findings(answers, evaluation, compare_images(run, image), watch(run, image))
    return commit_image(run, step, image, findings)


def _accepted(run: Run) -> bool:
    judged = (item.tried.evaluation for item in run.iterations)
    return any(evaluation is not None and evaluation.accepted for evaluation in judged)


def _delivered(case: Case, arm: str, run: Run) -> Delivered:
    best = run.best
    return Delivered(
        case=case.number,
        arm=arm,
        images=len(run.iterations),
        gpu_s=sum((item.image.seconds or 0.0) for item in run.iterations if item.image),
        accepted=_accepted(run),
        image_key=best.image.key if best and best.image else None,
    )
