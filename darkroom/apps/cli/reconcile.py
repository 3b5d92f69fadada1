"""`darkroom reconcile`: bring every started job to an end after a crash."""

from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command

if TYPE_CHECKING:
    from darkroom.writepath.report import ReconcileReport

_Project = Annotated[str | None, typer.Option("--project", help="One project; else all.")]
_Adopt = Annotated[
    float | None,
    typer.Option(
        "--adopt-after",
        metavar="HOURS",
        help="Give images that nothing commits a sidecar, when older than this (24 or more).",
    ),
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")]
_NoWait = Annotated[bool, typer.Option("--no-wait", help="Leave jobs that are still running.")]
_Verify = Annotated[bool, typer.Option("--verify", help="Also read every sidecar and image.")]


def reconcile(
    project: _Project = None,
    adopt_after: _Adopt = None,
    dry_run: _DryRun = False,
    no_wait: _NoWait = False,
    verify: _Verify = False,
) -> int:
    """Collect what servers finished, draw again what they lost, report what is not in order."""
    from darkroom.adapters.settings import open_lab
    from darkroom.writepath.opening import reconcile_lab
    from darkroom.writepath.reconcile import ReconcileOptions

    options = ReconcileOptions(dry_run, not no_wait, adopt_after, verify)
    reports = reconcile_lab(open_lab(), project, options)
    console.emit(reports, lambda: _show(reports))
    return _exit_code(reports)


def _show(reports: "tuple[ReconcileReport, ...]") -> None:
    rows = [
        [finding.kind, finding.key, finding.reason]
        for report in reports
        for finding in report.findings
    ]
    if rows:
        console.table(["what", "key", "why"], rows)
    else:
        console.say("everything is in order")
    before = sum(report.ended_before for report in reports)
    if before:
        console.note(f"{before} jobs had ended without an image before; their outcomes say why")


def _exit_code(reports: "tuple[ReconcileReport, ...]") -> int:
    if any(report.has_damage for report in reports):
        return console.Exit.DAMAGED
    if any(report.has_pending for report in reports):
        return console.Exit.UNREACHABLE
    return console.Exit.DONE


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    command(root, "reconcile")(reconcile)
