"""`darkroom warehouse`: the queryable copy of everything in the store."""

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command, group

if TYPE_CHECKING:
    from collections.abc import Generator

    from darkroom.adapters.warehouse.updating import SyncReport, Total
    from darkroom.archive.querying_status import WarehouseStatus

app = group("The queryable copy of everything in the store.")

_Whole = Annotated[
    bool, typer.Option("--whole", help="Look at every document, not only where something changed.")
]
_Like = Annotated[
    str | None, typer.Option("--like", help="Only keys like this SQL pattern, e.g. 'demo/%'.")
]
_Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")]


@command(app, "sync")
def sync(whole: _Whole = False) -> None:
    """Take in what the store has and the warehouse has not."""
    from darkroom.adapters.settings import open_lab
    from darkroom.archive import syncing

    lab = open_lab()
    with _shown_progress() as total:
        report = syncing.sync(lab, whole=whole, total=total)
    _emit(report)


@command(app, "rebuild")
def rebuild() -> None:
    """Build the warehouse anew; readers see the old one until it is done."""
    from darkroom.adapters.settings import open_lab
    from darkroom.archive import syncing

    lab = open_lab()
    with _shown_progress() as total:
        report = syncing.rebuild(lab, total=total)
    _emit(report)


@command(app, "status")
def status() -> None:
    """Say how much the warehouse holds and how fresh it is; run its checks."""
    from darkroom.adapters.settings import open_lab
    from darkroom.archive import querying_status

    found = querying_status.status(open_lab())
    console.emit(found, lambda: _show_status(found))
    _insist(found.failed_checks)


@command(app, "quarantine")
def quarantine(like: _Like = None, limit: _Limit = None) -> None:
    """List the documents that could not be read, with the reason."""
    from darkroom.adapters.settings import open_lab
    from darkroom.archive import querying_status

    found = querying_status.quarantine(open_lab(), like, limit)
    rows = [[one.source, one.code, one.reason] for one in found]
    console.emit(found, lambda: console.table(["document", "code", "reason"], rows))


@command(app, "path")
def path() -> None:
    """Print where the warehouse file is: open it read-only with duckdb or pandas."""
    from darkroom.adapters.settings import open_lab

    found = open_lab().warehouse
    console.emit({"path": str(found)}, lambda: console.say(str(found)))


@contextmanager
def _shown_progress() -> "Generator[Total]":
    """A bar that begins once it is known how much there is to read."""
    with ExitStack() as stack:
        yield lambda count: stack.enter_context(console.progress("documents", count))


def _emit(report: "SyncReport") -> None:
    console.emit(report, lambda: console.say(_told(report)))
    _insist(report.failed_checks)


def _told(report: "SyncReport") -> str:
    told = f"{report.added} added, {report.changed} changed, {report.removed} removed"
    if report.quarantined:
        told += f", {report.quarantined} unreadable (`darkroom warehouse quarantine`)"
    if report.rebuilt:
        told += f"; built anew: {report.rebuilt}"
    return f"{told}; {report.seconds:.2f} s"


def _insist(failed: tuple[str, ...]) -> None:
    from darkroom.core.errors import DataError

    if failed:
        raise DataError("warehouse-check-failed", f"these find rows: {', '.join(failed)}")


def _show_status(found: "WarehouseStatus") -> None:
    rows = [
        ["file", found.path],
        ["size", f"{found.size_bytes / 1e6:.1f} MB"],
        ["store", found.store],
        ["images", f"{found.images} ({found.deleted_images} deleted)"],
        ["runs", found.runs],
        ["annotations", found.annotations],
        ["score documents", found.score_documents],
        ["documents read", found.documents],
        ["quarantined", found.quarantined],
        ["synchronised", found.synced_at.isoformat(timespec="seconds")],
    ]
    console.table(["warehouse", ""], rows)
