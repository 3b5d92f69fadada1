"""Refine an image until a project's rules are met: draw, answer, evaluate, compare, decide.

Owns the order of the steps. What each step does is a function of `darkroom.runs`, how
patiently it is tried is its task's, what follows from it is `darkroom.core.decide`'s.
"""

from prefect import flow

from blocks.connecting import connected
from darkroom.adapters.settings import open_lab
from darkroom.core.config.forms import Connections, ProjectName
from darkroom.core.decide import Try
from darkroom.core.errors import ComfyError, ComfyUnreachable
from darkroom.core.evaluation import evaluate
from darkroom.runs.announcing import FLOW, notice_of
from darkroom.runs.committing import Findings, record_failure
from darkroom.runs.control import control_of, control_steps, wants_control
from darkroom.runs.params import IterateOptions, IterateParams
from darkroom.runs.preview import Preview
from darkroom.runs.report import RunReport
from darkroom.runs.run import Iteration, Run
from darkroom.runs.telling import Closed, tell
from flows.stuck import begin_to_run, going_on, known_as_running
from tasks.answer import answer
from tasks.catch_up import catch_up
from tasks.close import close
from tasks.commit import commit
from tasks.compare import compare
from tasks.draw import draw
from tasks.dry_run import dry_run
from tasks.listening import in_its_log
from tasks.notify import Notified, page
from tasks.open_run import open_run
from tasks.patience import patiently
from tasks.reconcile_jobs import reconcile_jobs
from tasks.settle import settle
from tasks.show import show, show_report
from tasks.watch import watch


@flow(
    name=FLOW,
    description="Refine an image until the project's rules are met or its budget is spent.",
    flow_run_name="iterate {project}",
    persist_result=False,
    log_prints=False,
)
def iterate(
    project: ProjectName,
    options: IterateOptions = IterateOptions(),  # noqa: B008 - it is frozen
    connections: Connections = Connections(),  # noqa: B008 - it is frozen
) -> RunReport | Preview:
    """Draw, answer, evaluate, compare, decide, until there is nothing left to try.

    Args:
        project: A folder under projects/, by its name.
        options: How to go about it; every field may be left as it is.
        connections: Blocks of this Prefect server that the run uses.
    """
    params = options.of(project)
    with in_its_log():
        if params.dry_run:
            with connected(connections):
                return dry_run(params)
        with Notified(FLOW, project) as told, connected(connections):
            return carry_out(params, told)


def carry_out(params: IterateParams, told: Notified) -> RunReport:
    """Open the run, bring it to its end, and say what it came to."""
    home = open_lab(params.sets).home
    params = going_on(params, home)
    begin_to_run(home)  # before anything that takes long: killed now, it must be known
    patiently(reconcile_jobs)(params.project)
    with (
        patiently(open_run)(params) as run,
        known_as_running(run.home, f"{run.project.name}/{run.keys.run_id}"),
    ):
        while isinstance(step := run.decide(), Try):
            attempt(run, settle(run, step))
            show(run)
        report = close(run, step, reseeded(run) if wants_control(run) else None)
        show_report(run, report)
        catch_up(params)
        tell(Closed(report))
        told.notice = notice_of(run, report, page())
        return report


def attempt(run: Run, step: Try) -> Iteration:
    """Make one iteration; without an image it is recorded as failed, and the run goes on.

    A server that is away fails no iteration: the run stays open, to go on where it was.
    """
    try:
        image = draw.with_options(retries=run.retries)(run, step)
    except ComfyUnreachable:
        raise
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
