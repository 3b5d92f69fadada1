"""Measure what images in the store lack, a group of images per step.

Owns the order: list once, then group by group. A stopped run goes on where it was, because
what is appended is no longer lacking.
"""

from prefect import flow

from blocks.connecting import connected
from darkroom.adapters.settings import open_lab
from darkroom.core.config.forms import Connections, ProjectName
from darkroom.scoring.rescoring import RescoreOptions, RescoreReport, batches
from flows.stuck import known_as_running
from tasks.open_rescoring import open_rescoring
from tasks.score_group import score_group


@flow(
    name="rescore",
    description="Score every stored image that lacks a metric.",
    persist_result=False,
    log_prints=False,
)
def rescore(
    project: ProjectName | None = None,
    options: RescoreOptions = RescoreOptions(),  # noqa: B008 - it is frozen
    connections: Connections = Connections(),  # noqa: B008 - it is frozen
) -> RescoreReport:
    """Score group after group until nothing lacks anything that can be measured.

    Args:
        project: Left out, every project and what belongs to none.
        options: What to measure, and with which scorers.
        connections: Blocks of this Prefect server that the run uses.
    """
    with (
        connected(connections),
        known_as_running(open_lab().home),
        open_rescoring(options.of(project)) as work,
    ):
        for group in batches(work.listed()):
            score_group(work, group)
        return work.report
