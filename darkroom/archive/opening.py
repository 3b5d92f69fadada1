"""Open the store, and the warehouse to read with what was said since it was published.

Owns that asking always works: where nothing was ever taken in, the store is taken in first.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

from darkroom.adapters.annotation_journal import journal_of
from darkroom.adapters.settings import Lab
from darkroom.adapters.stores import open_lab_store
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.warehouse.opening import Connection, Limits
from darkroom.archive.annotating_overlay import overlay
from darkroom.archive.querying import connect


@contextmanager
def opened_library(lab: Lab, limits: Limits | None = None) -> Generator[Connection]:
    """A read-only connection to the snapshot under the journal's overlay."""
    if not lab.warehouse.exists():
        # a laboratory has this once; no other search should wait for what writing needs
        from darkroom.archive.syncing import sync

        sync(lab)
    with connect(lab, limits) as connection:
        overlay(connection, journal_of(lab))
        yield connection


@runtime_checkable
class _Closable(Protocol):
    """A store that holds connections."""

    def close(self) -> None:
        """Let them go."""
        ...


@contextmanager
def opened_store(lab: Lab) -> Generator[Store]:
    """The configured store, with its spool in front."""
    spooled = open_lab_store(lab)
    try:
        yield spooled
    finally:
        if isinstance(spooled.store, _Closable):
            spooled.store.close()
