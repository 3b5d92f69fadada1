"""`darkroom embed`: make a vector of every image that has none."""

from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command
from darkroom.core.errors import DataError

if TYPE_CHECKING:
    from darkroom.archive.embedding import EmbedReport

_Project = Annotated[
    str | None, typer.Option("--project", help="Only this project; left out, all of them.")
]
_Model = Annotated[
    str | None,
    typer.Option(
        "--model", metavar="clip|shapeworld", help="Left out, clip where its weights are there."
    ),
]
_Rebuild = Annotated[bool, typer.Option("--rebuild", help="Make every vector anew.")]
_Check = Annotated[
    bool,
    typer.Option("--check", help="Check every stored vector first; one wrong makes all anew."),
]


def embed(
    project: _Project = None, model: _Model = None, rebuild: _Rebuild = False, check: _Check = False
) -> None:
    """Make a vector of every image that has none; a stopped one goes on where it was."""
    from darkroom.archive.embedding import embed as embedded
    from darkroom.archive.embedding_params import EmbedParams

    params = EmbedParams(project=project, model=model, rebuild=rebuild, check=check)
    report = embedded(params, console.progress)
    console.emit(report, lambda: _show(report))
    if report.failed:
        message = f"{len(report.failed)} images could not be read"
        raise DataError("images-unembedded", message)


def _show(report: "EmbedReport") -> None:
    columns = ("model", "contents", "complete before", "embedded now", "vectors", "failed")
    counts = (report.contents, report.complete, report.embedded, report.vectors)
    console.table(columns, [(report.model, *counts, len(report.failed))])
    if report.was_damaged:
        console.note(f"note: {report.was_damaged} vectors were damaged; all were made anew")
    if report.unnamed:
        console.note(f"note: {report.unnamed} images have no sha256 in their sidecars: left out")
    for key, why in report.failed.items():
        console.warn(f"{key}: {why}")


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    command(root, "embed")(embed)
