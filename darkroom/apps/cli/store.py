"""`darkroom store`: find out what the store does, and deliver what waits for it."""

from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command, group

if TYPE_CHECKING:
    from darkroom.adapters.stores.probe import Report
    from darkroom.adapters.stores.spool import SpoolStatus

app = group("Check the store and deliver what waits for it.")

_Public = Annotated[
    bool, typer.Option("--public-read", help="Let anyone read objects, and prove it.")
]
_Insecure = Annotated[
    bool, typer.Option("--allow-insecure-store", help="Accept a store that lets strangers in.")
]
_Create = Annotated[bool, typer.Option("--create-bucket", help="Make the bucket if need be.")]


@command(app, "check")
def check(
    public_read: _Public = False,
    allow_insecure_store: _Insecure = False,
    create_bucket: _Create = False,
) -> None:
    """Try everything a laboratory relies on, on the configured store."""
    from darkroom.adapters.settings import open_lab
    from darkroom.adapters.stores.probing import check_lab_store

    report = check_lab_store(open_lab(), public_read=public_read, create_bucket=create_bucket)
    console.emit(report, lambda: _show(report))
    report.insist(allow_insecure=allow_insecure_store)


@command(app, "status")
def status() -> None:
    """Say what waits on this machine for the store."""
    from darkroom.adapters.settings import open_lab
    from darkroom.adapters.stores.spool import spool_status
    from darkroom.adapters.stores.spool_files import SpoolFiles

    found = spool_status(SpoolFiles(open_lab().spool))
    console.emit(found, lambda: _show_waiting(found))


@command(app, "drain")
def drain() -> None:
    """Deliver what waits on this machine to the store, oldest first."""
    from darkroom.adapters.settings import open_lab
    from darkroom.adapters.stores import open_lab_store

    done = open_lab_store(open_lab()).drain()
    counts = {"sent": done.sent, "left": done.left, "set_aside": done.set_aside}
    console.emit(counts, lambda: console.say(f"{done.sent} delivered, {done.left} still wait"))
    done.insist()


def _show(report: "Report") -> None:
    console.say(f"store {report.store}; {report.credentials}")
    rows = [[found.check, found.verdict, found.detail] for found in report.findings]
    console.table(["check", "verdict", "detail"], rows)


def _show_waiting(found: "SpoolStatus") -> None:
    columns = ["waiting", "bytes", "set aside", "last error"]
    row = [found.waiting, found.size_bytes, found.set_aside, found.last_error]
    console.table(columns, [row])
