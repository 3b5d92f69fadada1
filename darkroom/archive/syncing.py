"""Bring this machine's warehouse up to the store, from whatever process.

Owns that only one process writes at a time, and which store and which file a laboratory
means. What is new costs; what is there already costs next to nothing.
"""

from collections.abc import Generator
from contextlib import contextmanager

from darkroom.adapters.settings import Lab
from darkroom.adapters.stores import opened_store
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.warehouse.building import Advance
from darkroom.adapters.warehouse.updating import Files, SyncReport, Total, no_total
from darkroom.adapters.warehouse.updating import rebuild as rebuild_files
from darkroom.adapters.warehouse.updating import update as update_files
from darkroom.core.errors import DarkroomError
from darkroom.writepath.locks import Locks

LOCK = "warehouse"
WAIT_S = 120.0
"""Longer than another process needs for a whole laboratory."""
SHORT_WAIT_S = 10.0


def files_of(lab: Lab) -> Files:
    """Where the laboratory's warehouse lies."""
    return Files(lab.warehouse)


def sync(lab: Lab, *, whole: bool = False, total: Total = no_total) -> SyncReport:
    """Take in what the store has and the warehouse has not.

    `whole` looks at every document's size and time, not only where something changed.
    """
    with _alone(lab, WAIT_S) as store:
        return update_files(files_of(lab), store, whole=whole, total=total)


def sync_after(lab: Lab) -> str | None:
    """Synchronise after something was made; what went wrong is a sentence, not an error.

    What was made is in the store already, and the next synchronisation finds it there.
    """
    if not lab.config.warehouse.after_runs:
        return None
    try:
        with _alone(lab, SHORT_WAIT_S) as store:
            update_files(files_of(lab), store)
    except DarkroomError as error:
        return f"the warehouse is behind the store: {error.message} [{error.code}]"
    return None


def rebuild(lab: Lab, *, total: Total = no_total) -> SyncReport:
    """Build the warehouse anew from the store; readers see the old one until it is done."""
    with _alone(lab, WAIT_S) as store:
        return rebuild_files(files_of(lab), store, "asked for", total)


@contextmanager
def _alone(lab: Lab, wait_s: float) -> Generator[Store]:
    with opened_store(lab) as store, Locks(files_of(lab).private).held(LOCK, wait_s):
        yield store


__all__ = ["LOCK", "Advance", "SyncReport", "Total", "files_of", "rebuild", "sync", "sync_after"]
