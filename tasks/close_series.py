"""Close a series of attempts: what it came to, kept beside its best image."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.core.scoring.refinement import BestEffort, NoImage, Success
from darkroom.generating.refining import Refining
from darkroom.generating.series import Refined
from tasks.patience import DELAYS_S, JITTER, RETRIES, may_pass


@task(
    name="close series",
    cache_policy=NO_CACHE,  # the record is written once
    retries=RETRIES,
    retry_delay_seconds=DELAYS_S,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_pass,
    persist_result=False,
)
def close_series(series: Refining, step: Success | BestEffort | NoImage) -> Refined:
    """Record the ending."""
    return series.close(step)
