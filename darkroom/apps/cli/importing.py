"""`darkroom import`: take over the images of other tools, with all that is known of each."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command

if TYPE_CHECKING:
    from darkroom.archive.importing.report import ImportReport

_Folder = Annotated[Path, typer.Argument(help="The folder to import; nothing in it is changed.")]
_Project = Annotated[str, typer.Option("--project", help="Where in the store they go.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Read everything, write only the report.")]
_SHOWN = 10


def import_(folder: _Folder, project: _Project = "imported", dry_run: _DryRun = False) -> int:
    """Import a folder; run it again at any time: what is there already is passed over."""
    from darkroom.adapters.settings import open_lab
    from darkroom.archive.importing.laboratory import import_into
    from darkroom.archive.importing.taking import count_files

    lab = open_lab()
    with console.progress("importing", count_files(folder)) as advance:
        report = import_into(lab, folder, project, dry_run=dry_run, tell=advance)
    console.emit(report.summary(), lambda: _show(report))
    is_right = report.validation is None or report.validation.is_right
    is_whole = is_right and not report.count("failed")
    return console.Exit.DONE if is_whole else console.Exit.DAMAGED


def _show(report: "ImportReport") -> None:
    verb = "would be imported" if report.dry_run else "imported"
    marks = sum(session.marks for session in report.sessions)
    console.say(
        f"{report.count('imported')} {verb}, {report.count('skipped')} skipped, "
        f"{report.count('failed')} failed, from {len(report.sessions)} folders; "
        f"{marks} ratings and flags"
    )
    for outcome in ("skipped", "failed"):
        for reason, count in report.reasons(outcome)[:_SHOWN]:
            console.say(f"  {outcome}: {count} x {reason}")
    failed = [line for line in report.lines if line.outcome == "failed"]
    for line in failed[:_SHOWN]:
        console.note(f"note: {line.source}: {line.reason}")
    _show_after(report)


def _show_after(report: "ImportReport") -> None:
    found = report.validation
    if found is not None and found.is_right:
        console.say(
            f"counted again: {found.images} images and {found.sidecars} sidecars in "
            f"{found.runs} runs, as there should be"
        )
    elif found is not None:
        console.warn(
            f"the store holds {found.images} images and {found.sidecars} sidecars where "
            f"{found.expected} of each should be; see runs {', '.join(found.missing[:_SHOWN])}"
        )
    if report.backup:
        console.note(f"note: backed up before: {report.backup}")
    console.note(f"note: every file is listed in {report.file}")


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    command(root, "import")(import_)
