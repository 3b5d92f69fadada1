"""`darkroom weights`: which files the metrics need, whether they are right, onnx from torch."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command, group

if TYPE_CHECKING:
    from darkroom.adapters.scorers.weights_convert import Outcome
    from darkroom.adapters.scorers.weights_listing import WeightsReport

app = group("The weights of metrics: what is there, what is right, what can be converted.")

_Folder = Annotated[
    Path | None, typer.Option("--folder", help="The weights folder, if not the laboratory's own.")
]


@command(app, "list")
def list_files(folder: _Folder = None) -> None:
    """List every file a metric needs: where it belongs, its size, its licence, its state."""
    from darkroom.adapters.scorers.weights_listing import list_weights

    report = list_weights(_folder(folder))
    console.emit(report, lambda: _show(report))


@command(app, "check")
def check(
    folder: _Folder = None,
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", help="Take this file as it is now for right; repeat for more."),
    ] = None,
) -> None:
    """Read every file that is there and hold it against its sha256."""
    from darkroom.adapters.scorers.weights_listing import accept_weights, check_weights

    accept_weights(_folder(folder), accept or ())
    report = check_weights(_folder(folder))
    console.emit(report, lambda: _show(report))
    report.insist()


@command(app, "convert")
def convert(
    metrics: Annotated[
        list[str] | None, typer.Argument(help="Metrics of the onnx tier; all if left out.")
    ] = None,
    folder: _Folder = None,
    again: Annotated[
        bool, typer.Option("--again", help="Convert what was converted before, too.")
    ] = False,
) -> None:
    """Convert weights of the torch tier, for machines without torch; needs the extra `models`."""
    from darkroom.adapters.scorers.weights_convert import conversions, convert_all

    todo = conversions(metrics or ())
    with console.progress("converting", len(todo)) as advance:
        done = convert_all(_folder(folder), todo, again=again, on_done=lambda _one: advance(1))
    console.emit(done, lambda: _show_outcomes(done))


def _folder(named: Path | None) -> Path:
    if named is not None:
        return named
    from darkroom.adapters.scorers.weights_listing import FOLDER
    from darkroom.adapters.settings import open_lab

    return open_lab().home / FOLDER


def _show(report: "WeightsReport") -> None:
    columns = ("file", "state", "MB", "metrics", "licence", "sha256")
    console.table(
        columns,
        [
            (
                row.file,
                row.state,
                row.size_mb,
                ", ".join(row.metrics),
                row.licence,
                row.sha256[:16] if row.sha256 else None,
            )
            for row in report.files
        ],
    )
    console.note(f"weights folder: {report.folder}")
    for row in report.files:
        if row.remark and row.state != "absent":
            console.warn(f"{row.file}: {row.remark}")


def _show_outcomes(done: "tuple[Outcome, ...]") -> None:
    console.table(
        ("file", "from", "state", "difference"),
        [(one.file, one.source, one.state, _shortly(one.difference)) for one in done],
    )


def _shortly(difference: float | None) -> str | None:
    return None if difference is None else f"{difference:.1e}"
