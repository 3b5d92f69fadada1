"""`darkroom experiment grid`: look at the cells of an experiment side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command
from darkroom.apps.cli.experiment import app

__all__ = ["app"]

if TYPE_CHECKING:
    from darkroom.experiments.grid import Made

_Name = Annotated[str, typer.Argument(metavar="PROJECT/EXPERIMENT", help="For example demo/first.")]
_Output = Annotated[
    Path | None, typer.Option("--output", metavar="FOLDER", help="Another folder for the files.")
]
_X = Annotated[str | None, typer.Option("--x", metavar="AXIS", help="The axis across.")]
_Y = Annotated[str | None, typer.Option("--y", metavar="AXIS", help="The axis down.")]
_Layout = Annotated[
    Literal["crossed", "ranked"] | None,
    typer.Option("--layout", help="A table, or the cells in line, the best first."),
]
_Show = Annotated[
    Literal["best", "median"], typer.Option("--show", help="Which image stands for a cell.")
]
_Seed = Annotated[
    int | None,
    typer.Option("--seed", min=0, help="Show this seed in each cell; also its place, from 1."),
]
_Format = Annotated[Literal["html", "png"], typer.Option("--format", help="A page or a sheet.")]
_Open = Annotated[bool, typer.Option("--open", help="Open the page in the browser.")]


@command(app, "grid")
def grid(  # noqa: PLR0913 - one parameter per flag, read by name only
    name: _Name,
    *,
    output: _Output = None,
    x: _X = None,
    y: _Y = None,
    layout: _Layout = None,
    show: _Show = "best",
    seed: _Seed = None,
    format: _Format = "html",  # noqa: A002 - the flag's name
    open: _Open = False,  # noqa: A002 - the flag's name
) -> None:
    """Write the cells with image, score and interval as a page, or as a PNG sheet."""
    from darkroom.experiments.grid import GridOptions, make_grid

    options = GridOptions(
        x=x, y=y, layout=layout, pick=show, seed=seed, format=format, output=output
    )
    with console.progress("pictures", None) as advance:
        made = make_grid(name, options, advance)
    console.emit(made, lambda: _show(made))
    if open:
        typer.launch(made.files[0])


def _show(made: "Made") -> None:
    console.say(f"{made.name}: {made.summary}")
    for file in made.files:
        console.say(file)
    if made.unreadable:
        console.warn(f"{made.unreadable} images cannot be read; run darkroom reconcile")
