"""Make the vectors of a group of images and keep them."""

from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.archive.embedding import Embedding, Wanted
from tasks.patience import DELAYS_S, JITTER, RETRIES, may_pass


@task(
    name="embed group",
    cache_policy=NO_CACHE,  # a group is appended whole or not at all
    retries=RETRIES,
    retry_delay_seconds=DELAYS_S,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_pass,
    persist_result=False,
)
def embed_group(work: Embedding, group: Sequence[Wanted]) -> int:
    """Embed these images; says how many have been embedded so far."""
    return work.embed(group).embedded
