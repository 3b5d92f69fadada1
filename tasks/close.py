"""Close a run: output, result, checkpoint."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.core.decide import Accept, GiveUp
from darkroom.runs.closing import close_run
from darkroom.runs.report import RunReport
from darkroom.runs.run import Run
from tasks.patience import DELAYS_S, JITTER, RETRIES, may_pass


@task(
    name="close",
    cache_policy=NO_CACHE,  # the result is written once
    retries=RETRIES,
    retry_delay_seconds=DELAYS_S,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_pass,
    persist_result=False,
)
def close(run: Run, step: Accept | GiveUp, control: Run | None) -> RunReport:
    """Put the best image out and keep the result."""
    return close_run(run, step, control)
