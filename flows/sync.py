"""Bring the warehouse of this machine up to the store; meant for a schedule.

Owns nothing but the name under which Prefect knows it: a run synchronises at its own end.
"""

from prefect import flow

from blocks.connecting import connected
from darkroom.archive.syncing import SyncReport
from darkroom.archive.syncing_params import SyncParams
from darkroom.core.config.forms import Connections
from tasks.synchronise import synchronise


@flow(
    name="sync",
    description="Take in what the store has and the warehouse of this machine has not.",
    persist_result=False,
    log_prints=False,
)
def sync(
    options: SyncParams = SyncParams(),  # noqa: B008 - it is frozen
    connections: Connections = Connections(),  # noqa: B008 - it is frozen
) -> SyncReport:
    """Take in what is new.

    Args:
        options: How thoroughly to synchronise.
        connections: Blocks of this Prefect server that the run uses.
    """
    with connected(connections):
        return synchronise(options)
