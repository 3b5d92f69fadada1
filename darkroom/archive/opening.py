"""Open the store, and the warehouse to read with what was said since it was published.

Owns that asking always works: where nothing was ever taken in, the store is taken in first.
"""

from collections.abc import Generator
from contextlib import contextmanager

from darkroom.adapters.annotation_journal import journal_of
from darkroom.adapters.settings import Lab
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
