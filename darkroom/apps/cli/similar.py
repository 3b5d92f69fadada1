"""`darkroom similar`: images like one image, or like some words."""

from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command
from darkroom.apps.cli.search_filters import with_filters
from darkroom.apps.cli.search_table import Column, fitted, image_name

if TYPE_CHECKING:
    from darkroom.archive.similar import Similar

_Name = Annotated[
    str | None,
    typer.Argument(help="An image file, a key, PROJECT/RUN_ID/ITERATION, or part of a sha256."),
]
_Text = Annotated[str | None, typer.Option("--text", help="Words instead of an image.")]
_Model = Annotated[
    str | None,
    typer.Option(
        "--embedder",
        metavar="clip|shapeworld",
        help="Left out, clip where its weights are there.",
    ),
]
_Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")]
_COLUMNS = (
    Column("image", "name"),
    Column("similarity", "similarity"),
    Column("score", "score", rank=1),
    Column("grade", "grade", rank=2),
    Column("rating", "rating", rank=3),
    Column("seed", "seed", rank=4),
    Column("model", "model", rank=5),
    Column("prompt", "prompt", is_elastic=True),
)


@with_filters()
def similar(
    name: _Name = None,
    text: _Text = None,
    embedder: _Model = None,
    limit: _Limit = 20,
    *,
    filters: dict[str, object],
) -> None:
    """Find the images most like one image or some words, among those that pass the filters."""
    from darkroom.adapters.settings import open_lab
    from darkroom.archive.similar import Likeness
    from darkroom.archive.similar import similar as alike

    question = Likeness(name, text)
    found = alike(open_lab(), question, filters, model=embedder, limit=limit)
    console.emit(found, lambda: _show(found))
    if found.without_vector:
        console.note(
            f"note: {found.without_vector} of {found.allowed} images have no vector of "
            f"{found.model} yet; `darkroom embed` makes them"
        )


def _show(found: "Similar") -> None:
    fitted(_COLUMNS, [row | {"name": image_name(row)} for row in found.rows])


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    command(root, "similar")(similar)
