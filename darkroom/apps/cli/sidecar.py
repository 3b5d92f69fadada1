"""`darkroom sidecar`: look at sidecars and check them against their images."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command, group

if TYPE_CHECKING:
    from darkroom.adapters.sidecar_files import Checked
    from darkroom.core.sidecar import Reading

app = group("The documents beside images: look at them, check them.")


@command(app, "show")
def show(
    file: Annotated[Path, typer.Argument(help="A sidecar of any known form.")],
    flat: Annotated[bool, typer.Option("--flat", help="Thirteen fields on one level.")] = False,
) -> None:
    """Print a sidecar as JSON, upgraded to the current version."""
    from darkroom.adapters.sidecar_files import read_sidecar
    from darkroom.core.sidecar import as_document, to_flat

    reading = read_sidecar(file)
    _tell(reading)
    console.emit(to_flat(reading.sidecar) if flat else as_document(reading.sidecar))


def _tell(reading: "Reading") -> None:
    for finding in reading.unusable:
        console.warn(f"not usable, kept in `extra`: {finding}")
    for finding in (*reading.unknown, *reading.notes):
        console.note(f"note: {finding}")
    console.detail(f"form: {reading.form}")


@command(app, "check")
def check(
    places: Annotated[list[Path], typer.Argument(help="Sidecars, or folders to search.")],
) -> int:
    """Check sidecars and the images beside them; exit code 4 when one cannot be counted on."""
    from darkroom.adapters import sidecar_files

    rows = sidecar_files.check(places)
    console.emit(rows, lambda: _print_rows(rows))
    return console.Exit.DAMAGED if any(row.is_bad for row in rows) else console.Exit.DONE


def _print_rows(rows: "list[Checked]") -> None:
    bad = sum(row.is_bad for row in rows)
    cells = [(row.status, row.form, row.file, "; ".join(row.details)) for row in rows]
    console.table(("status", "form", "file", "details"), cells)
    console.note(f"{len(rows)} sidecars, {bad} of them cannot be counted on")


@command(app, "schema")
def schema() -> None:
    """Print the JSON Schema of the sidecars Darkroom writes."""
    from darkroom.core.sidecar import json_schema

    console.emit(json_schema())
