"""Draw, score and commit one attempt of a series."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.core.scoring.refinement import Draw
from darkroom.generating.refining import Refining
from darkroom.generating.series import Trial
from tasks.ending import called_back
from tasks.gpu_slot import gpu_slot
from tasks.patience import DELAYS_S, JITTER, RETRIES, may_pass


@task(
    name="attempt",
    cache_policy=NO_CACHE,  # the store is asked for the job key first
    retries=RETRIES,
    retry_delay_seconds=DELAYS_S,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_pass,
    persist_result=False,
)
def attempt(series: Refining, step: Draw) -> Trial:
    """Make one attempt, or find it made."""
    with called_back():
        return series.attempt(step, gpu_slot)
