"""Have the holdout judge look at one image."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.runs import judging
from darkroom.runs.run import Image, Run
from tasks.patience import DELAYS_S, JITTER, RETRIES, may_pass


@task(
    name="watch",
    cache_policy=NO_CACHE,  # the saved score is read first
    retries=RETRIES,
    retry_delay_seconds=DELAYS_S,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_pass,
    persist_result=False,
)
def watch(run: Run, image: Image) -> float | None:
    """Score the image with the judge that never steers."""
    return judging.watch(run, image)
