"""Refine one image by its scores: draw, score, decide, until it is good enough.

Owns the order of the steps. What comes next is `darkroom.core.scoring.refinement`'s, what
a step does `darkroom.generating.refining`'s.
"""

from prefect import flow
from prefect.runtime import flow_run

from darkroom.core.scoring.refinement import Draw
from darkroom.generating.params import RefineParams
from darkroom.generating.series import Refined
from tasks.attempt import attempt
from tasks.close_series import close_series
from tasks.open_series import open_series


@flow(
    name="refine",
    description="Draw and score an image again until it is good enough or the budget is spent.",
    persist_result=False,
    log_prints=False,
)
def refine(params: RefineParams) -> Refined:
    """Draw, score, decide, until there is nothing left to try."""
    # a run that is tried again has the same id, draws the same seeds and finds its images
    with open_series(params, str(flow_run.get_id() or "")) as series:
        while isinstance(step := series.decide(), Draw):
            attempt(series, step)
        return close_series(series, step)
