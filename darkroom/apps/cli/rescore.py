"""`darkroom rescore`: measure what images in the store lack."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command
from darkroom.core.errors import DataError

if TYPE_CHECKING:
    from darkroom.scoring.rescoring import RescoreReport

_Project = Annotated[
    str | None, typer.Option("--project", help="Only this project; left out, all of them.")
]
_Tier = Annotated[
    Literal["lite", "onnx", "torch"] | None,
    typer.Option("--tier", help="Which scorers measure; left out, the configured ones."),
]
_Metric = Annotated[
    list[str] | None, typer.Option("--metric", help="Only this metric; may be repeated.")
]


def rescore(project: _Project = None, tier: _Tier = None, metric: _Metric = None) -> None:
    """Score every stored image that lacks a metric; a stopped one goes on where it was."""
    from darkroom.scoring.rescoring import RescoreParams
    from darkroom.scoring.rescoring import rescore as rescored

    params = RescoreParams(project=project, tier=tier, metrics=metric or [])
    report = rescored(params, console.progress)
    console.emit(report, lambda: _show(report))
    if report.failed:
        message = f"{len(report.failed)} of {report.images} images could not be scored"
        raise DataError("images-unscored", message)


def _show(report: "RescoreReport") -> None:
    columns = ("tier", "images", "complete before", "scored now", "not measurable", "failed")
    failed = len(report.failed)
    counts = (report.images, report.complete, report.scored, report.unscorable, failed)
    console.table(columns, [(report.tier, *counts)])
    for name, why in report.left_out.items():
        console.note(f"note: {name} is left out: {why}")
    for why, count in report.reasons.items():
        console.note(f"note: {count} not measurable: {why}")
    for key, why in report.failed.items():
        console.warn(f"{key}: {why}")


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    command(root, "rescore")(rescore)
