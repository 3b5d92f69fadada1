"""Bring the warehouse of this machine up to the store; meant for a schedule.

Owns nothing but the name under which Prefect knows it: a run synchronises at its own end.
"""

from prefect import flow

from darkroom.archive.syncing import SyncReport
from darkroom.archive.syncing_params import SyncParams
from tasks.synchronise import synchronise


@flow(
    name="sync",
    description="Take in what the store has and the warehouse of this machine has not.",
    persist_result=False,
    log_prints=False,
)
def sync(params: SyncParams = SyncParams()) -> SyncReport:  # noqa: B008 - it is frozen
    """Take in what is new."""
    return synchronise(params)
