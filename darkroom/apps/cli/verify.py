"""`darkroom verify`: compare what is stored with what was written, and draw it again."""

from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command

if TYPE_CHECKING:
    from darkroom.archive.verifying_report import VerifyReport
    from darkroom.core.verification import Redrawn

_Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]...",
        help="Images or runs: keys, PROJECT/RUN_ID, PROJECT/RUN_ID/ITERATION; left out, all.",
    ),
]
_Project = Annotated[str | None, typer.Option("--project", help="Only this project.")]
_Run = Annotated[str | None, typer.Option("--run", help="Only this run, as PROJECT/RUN_ID.")]
_Sample = Annotated[
    int | None,
    typer.Option("--sample", min=1, help="Read only so many images, drawn by lot."),
]
_New = Annotated[
    bool, typer.Option("--new", help="Only runs begun since the last one verified whole.")
]
_Again = Annotated[
    bool, typer.Option("--again", help="Begin anew, where a stopped one would go on.")
]
_Redraw = Annotated[
    bool, typer.Option("--redraw", help="Draw every image again and compare; takes GPU time.")
]
_Host = Annotated[
    str | None,
    typer.Option("--host", help="Redraw on this host; left out, on the one that drew the image."),
]


_UNTOLD = "not told"


def verify(  # noqa: PLR0913, PLR0917 - one parameter per flag
    names: _Names = None,
    project: _Project = None,
    run: _Run = None,
    sample: _Sample = None,
    new: _New = False,
    again: _Again = False,
    redraw: _Redraw = False,
    host: _Host = None,
) -> int:
    """Compare what is stored with what was written; a stopped one goes on where it was."""
    from darkroom.archive.verifying import verify as verified
    from darkroom.archive.verifying_params import VerifyParams

    params = VerifyParams(
        names=names or [],
        project=project,
        run=run,
        sample=sample,
        new=new,
        again=again,
        redraw=redraw,
        host=host,
    )
    report = verified(params, console.progress)
    console.emit(report, lambda: _show(report))
    return _exit_code(report)


def _show(report: "VerifyReport") -> None:
    if report.went_on_after:
        console.note(f"note: went on behind {report.went_on_after}, where an earlier one stopped")
    if report.flaws:
        rows = [(flaw.kind, flaw.key, flaw.reason) for flaw in report.flaws]
        console.table(("what", "key", "why"), rows)
    if (more := sum(report.counts.values()) - len(report.flaws)) > 0:
        console.note(f"note: and {more} more")
    if report.redrawn:
        columns = ("outcome", "max", "psnr", "image", "otherwise than then")
        console.table(columns, [_row(found) for found in report.redrawn])
    told = f"{report.images} images, {report.size_bytes / 1e6:.1f} MB"
    counted = ", ".join(f"{count} {kind}" for kind, count in sorted(report.counts.items()))
    console.say(f"{told}: {counted or 'everything is in order'}")


def _row(found: "Redrawn") -> tuple[object, ...]:
    psnr = None if found.psnr_db is None else f"{found.psnr_db:.1f} dB"
    changed = [
        f"{one.field}: {one.stored or _UNTOLD} -> {one.now or _UNTOLD}" for one in found.receipt
    ]
    said = found.reason or ", ".join(changed) or None
    return (found.outcome, found.max_difference, psnr, found.image, said)


def _exit_code(report: "VerifyReport") -> int:
    if report.is_damaged:
        return console.Exit.DAMAGED
    if report.outcomes["not_drawn"]:
        return console.Exit.UNREACHABLE
    if report.outcomes["differs"] or report.outcomes["other_size"]:
        return console.Exit.NOT_ACCEPTED
    return console.Exit.DONE


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    command(root, "verify")(verify)
