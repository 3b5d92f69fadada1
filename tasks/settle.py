"""Settle what the next iteration is drawn with, and save it."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.core.decide import Try
from darkroom.runs.run import Run
from darkroom.runs.settling import settle_step
from tasks.patience import DELAYS_S, JITTER, RETRIES, may_pass


@task(
    name="settle",
    cache_policy=NO_CACHE,  # the saved step is read first
    retries=RETRIES,
    retry_delay_seconds=DELAYS_S,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_pass,
    persist_result=False,
)
def settle(run: Run, step: Try) -> Try:
    """Ask for better words or settings where the step wants them."""
    return settle_step(run, step)
