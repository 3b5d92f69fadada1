"""Draw the images of the group that was just verified again, and compare."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.archive.verifying import Verifying
from tasks.ending import called_back
from tasks.gpu_slot import gpu_slot
from tasks.patience import DELAYS_S, JITTER, RETRIES, may_pass


@task(
    name="redraw group",
    cache_policy=NO_CACHE,  # each is drawn anew, that is the point
    retries=RETRIES,
    retry_delay_seconds=DELAYS_S,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_pass,
    persist_result=False,
)
def redraw_group(work: Verifying) -> int:
    """Draw those that are in order again; says how many have been so far."""
    with called_back():
        return sum(work.redraw(slot=gpu_slot).outcomes.values())
