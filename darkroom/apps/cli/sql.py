"""`darkroom sql`: one statement that reads, put to the warehouse."""

import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command
from darkroom.core.errors import UsageError

if TYPE_CHECKING:
    from darkroom.adapters.warehouse.answers import Answer
    from darkroom.archive.apart.receiving import BoundedAnswer
    from darkroom.archive.querying_output import Format

_Statement = Annotated[str, typer.Argument(help='For example: "select * from image limit 5".')]
_Format = Annotated[
    str | None,
    typer.Option("--format", help="table, csv, json or parquet; --output's ending says it too."),
]
_Output = Annotated[Path | None, typer.Option("--output", help="A new file for the answer.")]
_Time = Annotated[float, typer.Option("--timeout-s", min=0.01, max=3600.0, help="At most so long.")]
_Memory = Annotated[
    int, typer.Option("--memory-mb", min=64, max=1_000_000, help="At most so much.")
]


def sql(
    statement: _Statement,
    form: _Format = None,
    output: _Output = None,
    timeout_s: _Time = 60.0,
    memory_mb: _Memory = 4096,
) -> None:
    """Ask the warehouse in SQL; it can read, and nothing else."""
    from darkroom.archive.apart.process import Apart

    with Apart() as apart:  # it loads beside all of what follows
        from darkroom.adapters.warehouse.limits import Limits
        from darkroom.archive.apart.asking import ask

        written = _form(form, output)
        limits = Limits(memory_mb=memory_mb, time_s=timeout_s)
        with ask(statement, limits=limits, apart=apart) as answer:
            if written is None:
                _show(answer)
            elif output is not None:
                _save(answer, written, output)
            else:
                _pipe(answer, written)


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    command(root, "sql")(sql)


def _form(form: str | None, output: Path | None) -> "Format | None":
    """The form to write; None means a table, or JSON under `--json`."""
    from darkroom.archive.querying_output import format_named, format_of

    if form == "table" and output is not None:
        raise UsageError("sql-output", "a table goes to the terminal, not to a file")
    if form is None:
        return None if output is None else format_of(output)
    return None if form == "table" else format_named(form)


def _save(answer: "Answer", form: "Format", output: Path) -> None:
    from darkroom.archive.querying_output import new_file, write_answer

    with new_file(output) as file:
        count = write_answer(answer, form, file)
    said = {"path": str(output), "rows": count}
    console.emit(said, lambda: console.say(f"{count} rows in {output}"))


def _pipe(answer: "Answer", form: "Format") -> None:
    from darkroom.archive.querying_output import write_answer

    if not sys.stdout.isatty():
        sys.stdout.flush()
        write_answer(answer, form, sys.stdout.buffer)
        return
    if form == "parquet":
        raise UsageError("sql-output", "Parquet is not for a terminal")
    gathered = BytesIO()
    write_answer(answer, form, gathered)
    console.say(gathered.getvalue().decode().removesuffix("\n"))  # no prompt acts on the terminal


def _show(answer: "BoundedAnswer") -> None:
    from darkroom.archive.querying_output import sayable

    found = answer.rows_at_once()
    rows = [{name: sayable(value) for name, value in row.items()} for row in found]
    cells = [[row[name] for name in answer.columns] for row in rows]
    console.emit(rows, lambda: console.table(answer.columns, cells))
