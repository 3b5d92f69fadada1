"""Refine an image until a project's rules are met: draw, answer, evaluate, compare, decide.

Owns the order of the steps. What each step does is a function of `darkroom.runs`, how
patiently it is tried is its task's, what follows from it is `darkroom.core.decide`'s.
"""

from prefect import flow

from darkroom.core.decide import Try
from darkroom.core.errors import ComfyError
from darkroom.core.evaluation import evaluate
from darkroom.runs.committing import Findings, record_failure
from darkroom.runs.control import control_of, control_steps, wants_control
from darkroom.runs.params import IterateParams
from darkroom.runs.preview import Preview
from darkroom.runs.report import RunReport
from darkroom.runs.run import Iteration, Run
from darkroom.runs.telling import Closed, tell
from flows.stuck import known_as_running
from tasks.answer import answer
from tasks.catch_up import catch_up
from tasks.close import close
from tasks.commit import commit
from tasks.compare import compare
from tasks.draw import draw
from tasks.dry_run import dry_run
from tasks.open_run import open_run
from tasks.settle import settle
from tasks.show import show, show_report
from tasks.watch import watch


@flow(
    name="iterate",
    description="Refine an image until the project's rules are met or its budget is spent.",
    flow_run_name="iterate {params.project}",
    persist_result=False,
    log_prints=False,
)
def iterate(params: IterateParams) -> RunReport | Preview:
    """Draw, answer, evaluate, compare, decide, until there is nothing left to try."""
    if params.dry_run:
        return dry_run(params)
    with open_run(params) as run, known_as_running(run.home):
        while isinstance(step := run.decide(), Try):
            attempt(run, settle(run, step))
            show(run)
        report = close(run, step, reseeded(run) if wants_control(run) else None)
        show_report(run, report)
        catch_up(params)
        tell(Closed(report))
        return report


def attempt(run: Run, step: Try) -> Iteration:
    """Make one iteration; without an image it is recorded as failed, and the run goes on."""
    try:
        image = draw.with_options(retries=run.retries)(run, step)
    except ComfyError as error:
        return record_failure(run, step, error)
    answers = answer(run, image)
    evaluation = evaluate(run.criteria, answers.criteria)
    findings = Findings(answers, evaluation, compare(run, image), watch(run, image))
    return commit(run, step, image, findings)


def reseeded(run: Run) -> Run:
    """Spend as many images as the run had on plain reseeding."""
    control = control_of(run)
    for step in control_steps(control, len(run.iterations)):
        attempt(control, step)
    return control
