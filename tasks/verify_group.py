"""Compare a group of stored images with their sidecars."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.archive.verifying import Group, Verifying
from tasks.patience import DELAYS_S, JITTER, RETRIES, may_pass


@task(
    name="verify group",
    cache_policy=NO_CACHE,  # what is stored now is the question
    retries=RETRIES,
    retry_delay_seconds=DELAYS_S,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_pass,
    persist_result=False,
)
def verify_group(work: Verifying, group: Group) -> int:
    """Look at these; says how many images have been looked at so far."""
    return work.check(group).images
