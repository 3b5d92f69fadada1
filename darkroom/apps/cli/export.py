"""`darkroom export`: what a search finds, as a file, in the store, or as a training set."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command
from darkroom.apps.cli.search_filters import with_filters
from darkroom.core.errors import UsageError

if TYPE_CHECKING:
    from darkroom.archive.exporting_forms import Format
    from darkroom.archive.exporting_training import TrainingSet

_Format = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="csv|parquet|jsonl", help="The form; else by the name's ending."
    ),
]
_Output = Annotated[
    str | None, typer.Option("--output", help="A file, or store:KEY for the laboratory's store.")
]
_Training = Annotated[
    Path | None,
    typer.Option("--training-set", help="A folder for images with their captions beside them."),
]
_Documents = Annotated[bool, typer.Option("--documents", help="With every whole sidecar.")]
_Overwrite = Annotated[bool, typer.Option("--overwrite", help="Take the place of what is there.")]


@with_filters()
def export(
    form: _Format = None,
    output: _Output = None,
    training_set: _Training = None,
    *,
    documents: _Documents = False,
    overwrite: _Overwrite = False,
    filters: dict[str, object],
) -> int:
    """Export images that pass the filters: their facts, or the images themselves."""
    if (output is None) == (training_set is None):
        raise UsageError("usage", "say where to: either --output or --training-set")
    if training_set is not None:
        return _training_set(training_set, filters)
    _facts(str(output), _form(form), filters, documents=documents, overwrite=overwrite)
    return console.Exit.DONE


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    command(root, "export")(export)


def _form(name: str | None) -> "Format | None":
    from darkroom.archive.exporting_forms import FORMATS

    for form in FORMATS:
        if name == form:
            return form
    if name is not None:
        raise UsageError("usage", f"--format is one of {', '.join(FORMATS)}, not {name[:40]!r}")
    return None


def _facts(
    output: str,
    form: "Format | None",
    filters: dict[str, object],
    *,
    documents: bool,
    overwrite: bool,
) -> None:
    from darkroom.adapters.settings import open_lab
    from darkroom.archive.exporting import PATIENCE, Wish, export_anywhere
    from darkroom.archive.opening import opened_library
    from darkroom.archive.searching import count_in
    from darkroom.archive.selecting import select

    lab, selected = open_lab(), select(filters)
    with opened_library(lab, PATIENCE) as connection:
        total = count_in(connection, selected)
        with console.progress("exporting", total) as advance:
            wish = Wish(form, documents, overwrite, advance)
            done = export_anywhere(lab, connection, selected, output, wish)
    console.emit(
        done,
        lambda: console.say(f"{done.output}: {done.images} images, {done.size_bytes} bytes"),
    )


def _training_set(folder: Path, filters: dict[str, object]) -> int:
    from darkroom.adapters.settings import open_lab
    from darkroom.adapters.stores import opened_store
    from darkroom.archive.exporting_training import samples_in, write_training_set
    from darkroom.archive.opening import opened_library
    from darkroom.archive.selecting import select

    lab, selected = open_lab(), select(filters)
    with opened_library(lab) as connection:
        samples = samples_in(connection, selected)
    with opened_store(lab) as store, console.progress("exporting", len(samples)) as advance:
        done = write_training_set(store, samples, folder, advance)
    console.emit(done, lambda: _show_set(done))
    return console.Exit.DAMAGED if done.left_out else console.Exit.DONE


def _show_set(done: "TrainingSet") -> None:
    console.say(f"{done.folder}: {done.images} images with captions, {done.written} of them new")
    if done.unverified:
        console.warn(f"{done.unverified} images have no sha256 to be checked against")
    for left in done.left_out:
        console.warn(f"left out: {left.image}: {left.reason}")
