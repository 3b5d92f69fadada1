"""Close an experiment: what its cells came to."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.core.experiments.deciding import Done
from darkroom.experiments.report import Report
from darkroom.experiments.running import Work
from tasks.patience import DELAYS_S, JITTER, RETRIES, may_pass


@task(
    name="close experiment",
    cache_policy=NO_CACHE,
    retries=RETRIES,
    retry_delay_seconds=DELAYS_S,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_pass,
    persist_result=False,
)
def close_experiment(work: Work, done: Done) -> Report:
    """Record the ending."""
    return work.close(done)
