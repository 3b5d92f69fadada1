"""How every command that annotates finds its images, asks before many, and tells what it did."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.core.errors import UsageError

if TYPE_CHECKING:
    from darkroom.adapters.settings import Lab
    from darkroom.archive.annotating import Annotator
    from darkroom.archive.annotating_log import Said
    from darkroom.archive.annotating_targets import Named

Names = Annotated[
    list[str] | None,
    typer.Argument(
        help="Keys, PROJECT/RUN_ID/ITERATION, files, or parts of a sha256; or use --where-...",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Annotate all that --where-... finds.")]
By = Annotated[str | None, typer.Option("--by", help="Who says so; else the user.")]
_SYNC_BEYOND = 500
_PREVIEWED = 10


@dataclass(frozen=True)
class Asked:
    """What a command was told to annotate."""

    names: list[str] | None
    filters: dict[str, object]
    yes: bool = False
    by: str | None = None


def annotate(asked: Asked, verb: "Callable[[Annotator, Named], list[Said]]") -> None:
    """Find what is meant, say it, and tell what was said."""
    from darkroom.adapters.settings import open_lab
    from darkroom.archive.annotating import opened_annotator

    lab = open_lab()
    named = _meant(lab, asked)
    total = len(named.images) + len(named.runs)
    # a handful is done before a bar could be drawn
    with (
        console.progress("annotating", total if total > _PREVIEWED else 0) as advance,
        opened_annotator(lab, asked.by, advance) as annotator,
    ):
        said = verb(annotator, named)
    tell(lab, said, "`darkroom undo` takes this back")


def tell(lab: "Lab", said: "list[Said]", hint: str) -> None:
    """Print what was said, and bring the warehouse up when it was much."""
    from darkroom.archive.annotating_telling import told

    found = [row for action in said for row in told(action)]
    console.emit(found, lambda: _print(found))
    console.note(hint if found else "nothing was to be said")
    if len(found) > _SYNC_BEYOND:
        from darkroom.archive.syncing import sync

        sync(lab)


def _print(found: list[dict[str, object]]) -> None:
    for row in found[:_PREVIEWED]:
        console.say(f"{row['target']}: {row['said']}")
    if len(found) > _PREVIEWED:
        console.say(f"... and {len(found) - _PREVIEWED} more")


def _meant(lab: "Lab", asked: Asked) -> "Named":
    from darkroom.adapters.stores import opened_store
    from darkroom.archive.annotating_targets import Named, meant

    if not asked.names and not asked.filters:
        raise UsageError("usage", "say which: name images, or find them with --where-...")
    if asked.names and asked.filters:
        raise UsageError("usage", "either name images or find them with --where-..., not both")
    if asked.names:
        with opened_store(lab) as store:
            return meant(lab, store, asked.names)
    return Named(tuple(_found(lab, asked)), ())


def _found(lab: "Lab", asked: Asked) -> list[str]:
    from darkroom.archive.opening import opened_library
    from darkroom.archive.searching import Page, found_in, keys_in
    from darkroom.archive.selecting import select

    selected = select(asked.filters)
    with opened_library(lab) as connection:
        keys = keys_in(connection, selected)
        if keys and not asked.yes:
            _preview(found_in(connection, selected, Page(limit=_PREVIEWED)), len(keys))
    return keys


def _preview(rows: list[dict[str, object]], total: int) -> None:
    from darkroom.apps.cli.search import show_images

    console.emit(rows, lambda: show_images(rows))
    raise UsageError(
        "annotation-unconfirmed", f"{total} images would be annotated; --yes says it of all"
    )


Say = Callable[[tuple[str, ...]], "Said"]


def both(named: "Named", images: Say, runs: Say) -> "list[Said]":
    """Say something of the images and of the runs that were named."""
    said = [images(named.images)] if named.images else []
    return [*said, runs(named.runs)] if named.runs else said


def images_only(named: "Named") -> "tuple[str, ...]":
    """The images, or a refusal where a run was named."""
    if named.runs:
        message = f"{', '.join(named.runs)}: that is said of images, not of runs"
        raise UsageError("annotation-target", message)
    return named.images


def runs_only(named: "Named") -> "tuple[str, ...]":
    """The runs, or a refusal where an image was named."""
    if named.images:
        message = f"{', '.join(named.images)}: that is said of runs, not of images"
        raise UsageError("annotation-target", message)
    return named.runs
