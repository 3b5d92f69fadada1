"""Measure what images in the store lack, a group of images per step.

Owns the order: list once, then group by group. A stopped run goes on where it was, because
what is appended is no longer lacking.
"""

from prefect import flow

from darkroom.scoring.rescoring import RescoreParams, RescoreReport, batches
from tasks.open_rescoring import open_rescoring
from tasks.score_group import score_group


@flow(
    name="rescore",
    description="Score every stored image that lacks a metric.",
    persist_result=False,
    log_prints=False,
)
def rescore(params: RescoreParams) -> RescoreReport:
    """Score group after group until nothing lacks anything that can be measured."""
    with open_rescoring(params) as work:
        for group in batches(work.listed()):
            score_group(work, group)
        return work.report
