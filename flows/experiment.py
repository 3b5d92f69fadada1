"""Carry a declared experiment out: draw what is missing, judge it, until every cell is known.

Owns the order of the steps. What comes next is `darkroom.core.experiments.deciding`'s, what
a step does `darkroom.experiments.running`'s.
"""

from prefect import flow

from blocks.connecting import connected
from darkroom.adapters.settings import open_lab
from darkroom.core.config.forms import Connections, ProjectName
from darkroom.core.experiments.deciding import Draw
from darkroom.experiments.announcing import FLOW, notice_of
from darkroom.experiments.params import ExperimentName, ExperimentOptions, ExperimentParams
from darkroom.experiments.report import Report
from flows.stuck import known_as_running
from tasks.catch_up import catch_up
from tasks.close_experiment import close_experiment
from tasks.draw_cells import draw_cells
from tasks.listening import in_its_log
from tasks.notify import Notified, page
from tasks.open_experiment import open_experiment
from tasks.show_experiment import show_experiment, show_grid


@flow(
    name=FLOW,
    description="Draw every cell of a declared experiment, judge the images, compare the cells.",
    flow_run_name="experiment {project}/{name}",
    persist_result=False,
    log_prints=False,
)
def experiment(
    project: ProjectName,
    name: ExperimentName,
    options: ExperimentOptions = ExperimentOptions(),  # noqa: B008 - it is frozen
    connections: Connections = Connections(),  # noqa: B008 - it is frozen
) -> Report:
    """Draw, judge, compare, until every cell is known or the budget is spent.

    Args:
        project: The project the experiment belongs to.
        name: The experiment.
        options: How to go about it; every field may be left as it is.
        connections: Blocks of this Prefect server that the run uses.
    """
    with in_its_log(), Notified(FLOW, project) as told, connected(connections):
        return carry_out(options.of(project, name), told)


def carry_out(params: ExperimentParams, told: Notified) -> Report:
    """Open the experiment, bring it to its end, and say what it came to."""
    with known_as_running(open_lab().home), open_experiment(params) as work:
        while isinstance(step := work.decide(), Draw):
            draw_cells(work, step)
            show_experiment(work)
        report = close_experiment(work, step)
        show_experiment(work)
        show_grid(work, report)
        catch_up()
        told.notice = notice_of(report, page())
        return report
