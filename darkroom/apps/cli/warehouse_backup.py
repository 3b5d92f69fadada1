"""`darkroom warehouse backup` and `restore`: what is true, in one file, and back again.

Joins both to the group of `darkroom.apps.cli.warehouse`; `groups` takes the group from here.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command
from darkroom.apps.cli.warehouse import app

if TYPE_CHECKING:
    from darkroom.archive.backup import BackupReport, RestoreReport

_Output = Annotated[
    Path | None, typer.Option("--output", help="A new file; else one under .darkroom/backups.")
]
_Project = Annotated[str | None, typer.Option("--project", help="One project; else all.")]
_Images = Annotated[bool, typer.Option("--images", help="With the images, not only documents.")]
_Backup = Annotated[Path, typer.Option("--backup", help="The file that a backup wrote.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Verify it and say what would be done.")]


@command(app, "backup")
def backup(output: _Output = None, project: _Project = None, images: _Images = False) -> None:
    """Write sidecars, annotations, scores and run documents of the store into one file."""
    from darkroom.archive.backup_lab import back_up

    with console.progress("backing up", None) as advance:
        report = back_up(output, project, images=images, tell=advance)
    console.emit(report, lambda: _show_backup(report))


def _show_backup(report: "BackupReport") -> None:
    console.say(f"{report.file}: {report.objects} objects, {report.size_bytes} bytes")
    if not report.objects:
        console.warn("nothing is backed up: the store holds nothing of that; see `darkroom runs`")
    elif not report.has_images:
        console.note("note: without the images; --images takes them along")


@command(app, "restore")
def restore(backup: _Backup, dry_run: _DryRun = False) -> None:
    """Bring back what the store lacks; what is there already stays, even where it differs."""
    from darkroom.adapters.settings import open_lab
    from darkroom.archive.backup_lab import bring_back
    from darkroom.archive.syncing import sync

    lab = open_lab()
    with console.progress("restoring", None) as advance:
        report = bring_back(backup, dry_run=dry_run, lab=lab, tell=advance)
    if report.restored and not dry_run:
        sync(lab)
    console.emit(report, lambda: _show_restore(report))


def _show_restore(report: "RestoreReport") -> None:
    verb = "would be restored" if report.dry_run else "restored"
    console.say(f"{report.restored} {verb}, {report.there_already} there already")
    for key in report.kept:
        console.note(f"note: {key} differs; the store's stayed")
