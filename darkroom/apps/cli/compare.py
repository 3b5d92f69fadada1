"""`darkroom compare A B ...`: images side by side, only what differs."""

from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command
from darkroom.apps.cli.search_table import Column, fitted, written

if TYPE_CHECKING:
    from darkroom.archive.comparing import Comparison, Difference

_Names = Annotated[list[str], typer.Argument(help="Two or more images; see `darkroom show`.")]
_Graph = Annotated[bool, typer.Option("--graph", help="Compare every input of every node too.")]
_TEXTS = ("prompt", "negative_prompt")


def compare(names: _Names, *, graph: _Graph = False) -> None:
    """Tell how images differ: in what they were drawn with, and in how they came out."""
    from darkroom.adapters.settings import open_lab
    from darkroom.archive.comparing import compare_named

    found = compare_named(open_lab(), names, graph=graph)
    console.emit(found, lambda: _show(found))


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    command(root, "compare")(compare)


def _show(found: "Comparison") -> None:
    letters = [_letter(place) for place in range(len(found.names))]
    for letter, name in zip(letters, found.names, strict=True):
        console.say(f"{letter}: {name}")
    texts = [item for item in found.parameters if item.field in _TEXTS]
    others = [item for item in found.parameters if item.field not in _TEXTS]
    for title, rows in (
        ("parameters", others),
        ("graph", list(found.graph)),
        ("results", list(found.results)),
    ):
        _table(title, letters, rows)
    for item in texts:
        _words(item, letters)
    if not (found.parameters or found.graph or found.results):
        console.say("\nnothing differs")
    console.note(f"{found.same_count} facts are the same in all")


def _letter(place: int) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return letters[place] if place < len(letters) else str(place + 1)


def _table(title: str, letters: list[str], rows: "list[Difference]") -> None:
    if not rows:
        return
    console.say(f"\n{title}:")
    columns = [Column("what", "what"), *(Column(name, name, is_elastic=True) for name in letters)]
    fitted(
        columns,
        [
            {"what": row.field, **dict(zip(letters, map(written, row.values), strict=True))}
            for row in rows
        ],
    )


def _words(item: "Difference", letters: list[str]) -> None:
    from darkroom.archive.comparing import words_apart

    console.say(f"\n{item.field}, only the words that not all have:")
    texts = [str(value or "") for value in item.values]
    for letter, words in zip(letters, words_apart(texts), strict=True):
        console.say(f"  {letter}: {words or '(the same words in another order, or none)'}")
