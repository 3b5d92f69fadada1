"""Draw, judge and commit some images of an experiment, or find them made."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.core.experiments.deciding import Draw
from darkroom.experiments.running import Work
from tasks.ending import called_back
from tasks.gpu_slot import gpu_slot
from tasks.patience import DELAYS_S, JITTER, RETRIES, may_pass


@task(
    name="draw cells",
    cache_policy=NO_CACHE,  # the store is asked for each job key first
    retries=RETRIES,
    retry_delay_seconds=DELAYS_S,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_pass,
    persist_result=False,
)
def draw_cells(work: Work, step: Draw) -> int:
    """Carry out one step; tried again, only what is still missing is drawn."""
    with called_back():
        work.carry_out(step, gpu_slot)
    return len(step.entries)
