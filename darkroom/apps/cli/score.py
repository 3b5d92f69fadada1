"""`darkroom score IMAGE...`: measure files, images in the store and folders of either."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command
from darkroom.core.errors import DataError

if TYPE_CHECKING:
    from darkroom.scoring.scored import Scored

_Images = Annotated[
    list[str],
    typer.Argument(metavar="IMAGE...", help="Files, folders, store keys, or what they begin with."),
]
_Prompt = Annotated[
    str | None,
    typer.Option("--prompt", help="What the images should show; left out, the sidecar's prompt."),
]
_Tier = Annotated[
    Literal["lite", "onnx", "torch"] | None,
    typer.Option("--tier", help="Which scorers measure; left out, the configured ones."),
]
_Project = Annotated[
    str | None, typer.Option("--project", help="Use this project's calibration and weights.")
]
_COLUMNS = (
    "image",
    "score",
    "grade",
    "technical",
    "aesthetic",
    "adherence",
    "detail",
    "coverage",
    "remarks",
)


def score(
    images: _Images, prompt: _Prompt = None, tier: _Tier = None, project: _Project = None
) -> None:
    """Score images from 0 to 10 by what can be measured, with a grade; nothing is written."""
    from darkroom.scoring.scored import ScoreRequest
    from darkroom.scoring.scored import score as scored

    request = ScoreRequest(images, prompt, tier, project)
    rows = scored(request, console.progress, lambda text: console.note(f"note: {text}"))
    console.emit(rows, lambda: _show(rows))
    unscored = sum(row.composite_score is None for row in rows)
    if unscored:
        message = f"{unscored} of {len(rows)} images have no score"
        raise DataError("images-unscored", message)


def _show(rows: "list[Scored]") -> None:
    console.table(_COLUMNS, [_row(row) for row in rows])
    if any(row.is_provisional and row.composite_score is not None for row in rows):
        console.note("note: a grade with ? is provisional: too little could be measured")


def _row(row: "Scored") -> tuple[object, ...]:
    grade = f"{row.grade}?" if row.grade and row.is_provisional else row.grade
    named = ("technical", "aesthetic", "prompt_adherence", "detail")
    values = [_short(row.dimensions.get(name)) for name in named]
    said = row.reason or ", ".join(_strong(row))
    return (row.image, _short(row.composite_score), grade, *values, f"{row.coverage:.0%}", said)


def _short(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"


_NAMED_FROM = 0.5
"""A fault this strong is worth naming in the table; `--json` has all of them."""


def _strong(row: "Scored") -> list[str]:
    return [name for name, strength in row.findings.items() if strength >= _NAMED_FROM]


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    command(root, "score")(score)
