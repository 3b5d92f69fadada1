"""Refine one image by its scores: draw, score, decide, until it is good enough.

Owns the order of the steps. What comes next is `darkroom.core.scoring.refinement`'s, what
a step does `darkroom.generating.refining`'s.
"""

from prefect import flow
from prefect.runtime import flow_run

from blocks.connecting import connected
from darkroom.adapters.settings import open_lab
from darkroom.core.config.forms import Connections, ProjectName, Prompt
from darkroom.core.scoring.refinement import Draw
from darkroom.generating.announcing import FLOW, notice_of
from darkroom.generating.params import RefineOptions, RefineParams
from darkroom.generating.series import Refined
from flows.stuck import known_as_running
from tasks.attempt import attempt
from tasks.close_series import close_series
from tasks.listening import in_its_log
from tasks.notify import Notified, page
from tasks.open_series import open_series
from tasks.patience import patiently
from tasks.show_series import show_series


@flow(
    name=FLOW,
    description="Draw and score an image again until it is good enough or the budget is spent.",
    flow_run_name="refine {project}",
    persist_result=False,
    log_prints=False,
)
def refine(
    project: ProjectName | None = None,
    prompt: Prompt | None = None,
    options: RefineOptions = RefineOptions(),  # noqa: B008 - it is frozen
    connections: Connections = Connections(),  # noqa: B008 - it is frozen
) -> Refined:
    """Draw, score, decide, until there is nothing left to try.

    Args:
        project: Use its workflow and values, and keep the images there.
        prompt: What the image should show; left out, the project's or the workflow's.
        options: How to go about it; every field may be left as it is.
        connections: Blocks of this Prefect server that the run uses.
    """
    with (
        in_its_log(),
        Notified(FLOW, project) as told,
        connected(connections),
        known_as_running(open_lab().home),
    ):
        return carry_out(options.of(project, prompt), told)


def carry_out(params: RefineParams, told: Notified) -> Refined:
    """Open the series, bring it to its end, and say what it came to."""
    # a run that is tried again has the same id, draws the same seeds and finds its images
    with patiently(open_series)(params, str(flow_run.get_id() or "")) as work:
        while isinstance(step := work.decide(), Draw):
            attempt(work, step)
        report = close_series(work, step)
        show_series(work, report)
        told.notice = notice_of(work.series, report, page())
        return report
