"""`darkroom show NAME`: everything known of one image or run."""

from typing import TYPE_CHECKING, Annotated, cast

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command
from darkroom.apps.cli.search_table import Column, fitted, written

if TYPE_CHECKING:
    from darkroom.archive.showing import ShownImage, ShownRun

_Name = Annotated[
    str,
    typer.Argument(help="A key, PROJECT/RUN_ID, PROJECT/RUN_ID/ITERATION, or part of a sha256."),
]
_TEXTS = ("prompt", "negative_prompt", "notes", "failure_notes")
_IMAGES = (
    Column("iteration", "iteration"),
    Column("criteria", "overall_score"),
    Column("quality", "composite_score", rank=1),
    Column("grade", "grade", rank=2),
    Column("rating", "rating", rank=4),
    Column("place", "place", rank=3),
    Column("failure", "failure_category", rank=5),
    Column("seed", "seed", rank=6),
    Column("steps", "steps", rank=8),
    Column("cfg", "cfg", rank=7),
    Column("denoise", "denoise", rank=9),
    Column("note", "ranking_note", rank=10, is_elastic=True),
)


def show(name: _Name) -> None:
    """Show what an image or a run is made of, how it came out, and what people said."""
    from darkroom.adapters.settings import open_lab
    from darkroom.archive.showing import ShownImage, shown

    found = shown(open_lab(), name)
    if isinstance(found, ShownImage):
        console.emit(found, lambda: _show_image(found))
    else:
        console.emit(found, lambda: _show_run(found))


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    command(root, "show")(show)


def _show_image(found: "ShownImage") -> None:
    facts = {name: value for name, value in found.facts.items() if name not in _TEXTS}
    _pairs(facts)
    for name in _TEXTS:
        if found.facts.get(name):
            console.say(f"\n{name}:\n  {found.facts[name]}")
    _part("loras", found.loras)
    _part("variations", found.variations)
    _part("scores", found.scores)
    _part("criteria", found.criteria)
    _part("made from it", found.children)
    _show_events(found.events)


def _show_run(found: "ShownRun") -> None:
    _pairs(found.facts)
    if found.images:
        console.say("\nimages:")
        fitted(_IMAGES, found.images)
    _show_events(found.events)


def _pairs(facts: dict[str, object]) -> None:
    known = [(name, written(value)) for name, value in facts.items() if value is not None]
    console.table(("what", "value"), known)


def _part(title: str, rows: list[dict[str, object]]) -> None:
    if rows:
        console.say(f"\n{title}:")
        names = [name for name in rows[0] if any(row[name] is not None for row in rows)]
        fitted([Column(name, name, is_elastic=name == "reason") for name in names], rows)


def _show_events(events: list[dict[str, object]]) -> None:
    if events:
        console.say("\nsaid:")
        rows = [row | {"said": _said(row)} for row in events]
        columns = [Column("at", "at"), Column("by", "by"), Column("said", "said", is_elastic=True)]
        fitted([*columns, Column("event", "id", rank=1)], rows)


def _said(event: dict[str, object]) -> str:
    from darkroom.archive.annotating_telling import in_words

    told = in_words(cast("dict[str, object]", event["set"]))
    return f"undid {event['undoes']}: {told}" if event.get("undoes") else told
