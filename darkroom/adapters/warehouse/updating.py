"""Bring the published warehouse up to the store: copy, change the copy, put it in place.

Owns when nothing has to be done, when a copy is changed and when all is built anew, and
the one moment in which readers see another warehouse. Whoever is killed meanwhile leaves
the published file as it was. The caller sees to it that only one process is here.
"""

import os
import shutil
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from darkroom.adapters.stores.durable import local_errors
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.warehouse import opening, state
from darkroom.adapters.warehouse.building import Advance, apply, create, fill
from darkroom.adapters.warehouse.crew import Crew
from darkroom.adapters.warehouse.difference import Difference, difference, unsuperseded
from darkroom.adapters.warehouse.fetching import folder_of
from darkroom.adapters.warehouse.folder_walk import Walk, walk
from darkroom.adapters.warehouse.listing import (
    ENTRIES,
    Listing,
    Range,
    Row,
    list_keys,
    rows_within,
    unknown_projects,
)
from darkroom.adapters.warehouse.packed import Packed
from darkroom.core.errors import DataError, StoreUnavailable

Total = Callable[[int | None], Advance]
"""Told how many documents are to be read, where that is known before; gives back what to
tell of each portion."""


@dataclass(frozen=True)
class SyncReport:
    """What one synchronisation did, in documents."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    quarantined: int = 0
    """Of those that were read now."""
    rebuilt: str | None = None
    """Why everything was built anew, where it was."""
    is_whole: bool = True
    """Whether every document was looked for, and not only where something changed lately."""
    failed_checks: tuple[str, ...] = ()
    """Named checks of analytics/checks that found something: a fault of ours."""
    seconds: float = 0.0

    @property
    def is_new(self) -> bool:
        """Whether readers see something else than before."""
        return bool(self.rebuilt or self.added or self.changed or self.removed)


@dataclass(frozen=True)
class Files:
    """Where a warehouse lies: the file everybody reads, and a folder nobody else uses."""

    published: Path

    @property
    def private(self) -> Path:
        """Beside the published file, so that a rename leads from one to the other."""
        return self.published.with_name(f"{self.published.stem or 'warehouse'}.private")


def no_total(_count: int | None) -> Advance:
    """Tell nobody."""
    return lambda _done: None


def update(
    files: Files, store: Store, *, whole: bool = False, total: Total = no_total
) -> SyncReport:
    """Take in what the store has and the warehouse has not; at no cost when there is nothing."""
    began = time.monotonic()
    report = None if files.published.exists() else rebuild(files, store, "there was none", total)
    try:
        report = report or _incremental(files, store, whole, total)
    except DataError as error:
        if error.code != "warehouse-damaged":
            raise
        report = rebuild(files, store, error.message, total)
    return replace(report, seconds=round(time.monotonic() - began, 3))


def _incremental(files: Files, store: Store, whole: bool, total: Total) -> SyncReport:
    listing, found = _looked(files, store, whole)
    if found.is_none:
        return SyncReport(is_whole=listing.is_whole)
    with (
        _published(files, files.published) as path,
        opening.writing(path) as connection,
        Crew(store) as crew,
    ):
        return _carried_out(connection, crew, (listing, found), total(len(found.new)))


def _looked(files: Files, store: Store, whole: bool) -> tuple[Listing, Difference]:
    """Look at the store and compare; what was needed for that is not needed after it."""
    with opening.closing_reader(files.published) as connection:
        known = state.trusted(connection, store.name)
        ranges = () if whole else state.recent(connection, datetime.now(UTC))
        folders = {} if whole else known.folders
        listing = _listed(store, folders, ranges)
        found = difference(connection, listing)
        if again := unsuperseded(found.gone) & folders.keys():
            listing = _listed(store, folders | dict.fromkeys(again, 0), ranges)
            found = difference(connection, listing)
    if found.gone and not found.new and len(found.gone) == known.source_count:
        message = f"it holds nothing any more, and the warehouse {known.source_count} documents"
        raise StoreUnavailable("warehouse-store-empty", message, where=store.name)
    return listing, found


def rebuild(files: Files, store: Store, reason: str, total: Total = no_total) -> SyncReport:
    """Build everything anew beside the published file, and put it in its place."""
    began = time.monotonic()
    with (
        _published(files, None) as path,
        opening.writing(path) as connection,
        Crew(store) as crew,
    ):
        create(connection)
        report = _filled(connection, crew, total(None))
    seconds = round(time.monotonic() - began, 3)
    return replace(report, rebuilt=reason, seconds=seconds)


def _listed(
    store: Store, folders: Mapping[str, int] | None = None, ranges: Sequence[Range] = ()
) -> Listing:
    root = folder_of(store)
    if root is not None:
        return walk(root, folders or {})
    return list_keys(store, (*ranges, *unknown_projects(store, ranges)) if ranges else ())


def _filled(connection: opening.Connection, crew: Crew, advance: Advance) -> SyncReport:
    rows, listing = _looked_at(crew.store)
    connection.begin()
    taken = fill(connection, crew, rows, advance)
    return SyncReport(
        added=taken.read,
        quarantined=taken.quarantined,
        failed_checks=_ended(connection, crew, listing()),
    )


def _looked_at(store: Store) -> tuple[Iterable[Row], Callable[[], Listing]]:
    """All there is, and what else is to be told of it after that."""
    root = folder_of(store)
    if root is None:
        return rows_within(store, Range("")), lambda: Listing(Packed(ENTRIES), is_whole=True)
    found = Walk(root, {})
    return found.rows(), lambda: found.listing(Packed(ENTRIES))


def _carried_out(
    connection: opening.Connection, crew: Crew, what: tuple[Listing, Difference], advance: Advance
) -> SyncReport:
    listing, found = what
    connection.begin()
    taken = apply(connection, crew, found, advance)
    return SyncReport(
        added=len(found.new) - len(found.changed),
        changed=len(found.changed),
        removed=len(found.gone),
        quarantined=taken.quarantined,
        is_whole=listing.is_whole,
        failed_checks=_ended(connection, crew, listing),
    )


def _ended(connection: opening.Connection, crew: Crew, listing: Listing) -> tuple[str, ...]:
    """Remember what was looked at, make all that was taken in last, and say what is wrong."""
    state.remember(connection, crew.store.name, listing)
    connection.commit()
    crew.end()  # the checks may need the memory
    return state.checked(connection)


@contextmanager
def _published(files: Files, start: Path | None) -> Generator[Path]:
    """Hand out a private file, a copy of that one if given; what it becomes is put in place."""
    with local_errors(str(files.published)):
        _clear(files.private)
        files.private.mkdir(mode=0o700, parents=True, exist_ok=True)
        working = files.private / "working.duckdb"
        if start is not None:
            shutil.copyfile(start, working)
        try:
            yield working
            _put_in_place(working, files.published)
        finally:
            _clear(files.private)


def _put_in_place(working: Path, published: Path) -> None:
    with working.open("rb+") as file:
        os.fsync(file.fileno())
    working.chmod(0o444)  # who opens it for writing, from habit, is told so by the system
    with suppress(FileNotFoundError):
        # left by somebody who could write all the same; it must not be replayed into the new file
        published.with_name(f"{published.name}.wal").unlink()
    working.replace(published)
    handle = os.open(published.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _clear(private: Path) -> None:
    """Remove what a killed process left; locks stay."""
    for path in private.glob("working.duckdb*"):
        path.unlink(missing_ok=True)
    shutil.rmtree(private / "spill", ignore_errors=True)
