"""Bring the warehouse up to the store."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.adapters.settings import open_lab
from darkroom.archive import syncing
from darkroom.archive.syncing_params import SyncParams
from tasks.patience import DELAYS_S, JITTER, RETRIES, may_pass


@task(
    name="synchronise",
    cache_policy=NO_CACHE,  # whether anything is new is the question
    retries=RETRIES,
    retry_delay_seconds=DELAYS_S,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_pass,
    persist_result=False,
)
def synchronise(params: SyncParams) -> syncing.SyncReport:
    """Take in what is new, or build everything anew."""
    lab = open_lab()
    return syncing.rebuild(lab) if params.rebuild else syncing.sync(lab, whole=params.whole)
