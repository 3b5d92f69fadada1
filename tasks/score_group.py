"""Score a group of stored images and append what they lacked."""

from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.scoring.rescoring import Rescoring
from darkroom.scoring.stored import StoredImage
from tasks.patience import DELAYS_S, JITTER, RETRIES, may_pass


@task(
    name="score group",
    cache_policy=NO_CACHE,  # the store is asked first what an image lacks
    retries=RETRIES,
    retry_delay_seconds=DELAYS_S,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_pass,
    persist_result=False,
)
def score_group(work: Rescoring, group: Sequence[StoredImage]) -> int:
    """Score these images; says how many have been scored so far."""
    return work.score(group).scored
