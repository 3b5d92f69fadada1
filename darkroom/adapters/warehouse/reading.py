"""One portion of documents: read, turned into tables, or set aside with the reason.

Owns what happens to a document that cannot be read: a row in quarantine, and the rest of
the portion goes on.
"""

import gc
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass

from darkroom.adapters.warehouse.documents import Found, sidecar_of
from darkroom.adapters.warehouse.fetching import Content
from darkroom.adapters.warehouse.image_tables import image_tables
from darkroom.adapters.warehouse.listing import Entry
from darkroom.adapters.warehouse.other_tables import tables_of
from darkroom.adapters.warehouse.shaping import Shaped, Shapes, shaped
from darkroom.adapters.warehouse.tables import Columns, Tables, joined, one_row
from darkroom.core.errors import DarkroomError

_SIDECARS_AT_A_TIME = 32
"""Few enough to be still in the processor's memory when their columns are gathered."""


@contextmanager
def _without_collector() -> Generator[None]:
    """Documents hold no cycles; looking for some would take a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(frozen=True)
class Portion:
    """What some documents mean, as far as they could be read."""

    tables: Shaped
    refused: int
    """How many of them mean nothing but a row in quarantine."""


def read_portion(
    found: Iterable[tuple[str, Content]], entries: Iterable[Entry], shapes: Shapes
) -> Portion:
    """The tables a portion of documents means; keys with content, and entries in their order."""
    reading = _Reading()
    with _without_collector():
        for (key, content), entry in zip(found, entries, strict=True):
            reading.add(key, entry, content)
        return Portion(shaped(reading.tables(), shapes), len(reading.refused))


class _Reading:
    """Documents of one portion, as far as they are read."""

    def __init__(self) -> None:
        self._sidecars: list[Found] = []
        self._tables: list[Tables] = []
        self._sources: list[tuple[str, Entry]] = []
        self.refused: list[tuple[str, Entry, DarkroomError]] = []

    def add(self, key: str, entry: Entry, content: Content) -> None:
        if content is None:
            return  # removed since it was listed
        self._sources.append((key, entry))
        try:
            if isinstance(content, DarkroomError):
                raise content
            if entry.kind not in {"sidecar", "s2"}:
                self._tables.append(tables_of(entry.kind, key, content))
                return
            self._sidecars.append(sidecar_of(content, key))
            if len(self._sidecars) >= _SIDECARS_AT_A_TIME:
                self._settle()
        except DarkroomError as error:
            self.refused.append((key, entry, error))

    def _settle(self) -> None:
        if self._sidecars:
            self._tables.append(image_tables(self._sidecars))
            self._sidecars = []

    def tables(self) -> Tables:
        self._settle()
        refused: list[Tables] = [
            {
                "quarantine": one_row(
                    source=key, kind=entry.kind, code=error.code, reason=error.message
                )
            }
            for key, entry, error in self.refused
        ]
        return joined([*self._tables, *refused, {"sources": self._source_columns()}])

    def _source_columns(self) -> Columns:
        entries = [entry for _, entry in self._sources]
        return {
            "source": [key for key, _ in self._sources],
            "folder": [key.rpartition("/")[0] for key, _ in self._sources],
            "kind": [entry.kind for entry in entries],
            "size_bytes": [entry.size_bytes for entry in entries],
            "modified_ns": [entry.modified_ns for entry in entries],
        }
