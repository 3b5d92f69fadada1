"""Write the answer to a question: CSV, JSON or Parquet, a batch at a time.

Owns the three forms. Nested values become JSON in CSV; numbers JSON cannot hold become
null there. Nothing is collected in memory but one batch.
"""

import math
import os
import secrets
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date, time
from pathlib import Path
from typing import IO, Any, Literal, TypeAlias, cast

import orjson
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from darkroom.adapters.stores.durable import local_errors
from darkroom.adapters.warehouse.answers import Answer
from darkroom.core.errors import UsageError

Format: TypeAlias = Literal["csv", "json", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "json", "parquet")
_LARGEST = 2**64
_SMALLEST = -(2**63)


def write_answer(answer: Answer, form: Format, into: IO[bytes]) -> int:
    """Write the whole answer; returns the number of rows."""
    try:
        return _WRITERS[form](answer, into)
    except (pa.ArrowException, OverflowError) as error:
        message = f"a value cannot be written as {form}: {str(error).strip()[:200]}"
        hint = "cast it in the statement, CAST(value AS TEXT), or take another form"
        raise UsageError("sql-output", message, hint=hint) from error


def format_of(path: Path) -> Format:
    """The form a file's name asks for."""
    return format_named(path.suffix.removeprefix(".").lower())


def format_named(name: str) -> Format:
    """One of the forms."""
    for form in FORMATS:
        if name == form:
            return form
    known = ", ".join(FORMATS)
    raise UsageError("sql-output", f"{name[:20]!r} is none of {known}", hint="add --format")


@contextmanager
def new_file(path: Path) -> Generator[IO[bytes]]:
    """A file that appears under its name once it is whole; one that is there is not replaced."""
    with local_errors(str(path)):
        if os.path.lexists(path):
            raise UsageError("sql-output", "is there already", where=str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        staged = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        try:
            with staged.open("xb") as file:
                yield file
            staged.rename(path)
        finally:
            with suppress(FileNotFoundError):
                staged.unlink()


def _csv(answer: Answer, into: IO[bytes]) -> int:
    fields = [_flat_field(field) for field in answer.schema]
    count = 0
    with pa_csv.CSVWriter(into, pa.schema(fields)) as writer:
        for batch in answer.batches:
            flat = [
                _flat(column, field) for column, field in zip(batch.columns, fields, strict=True)
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(flat, schema=pa.schema(fields)))
            count += batch.num_rows
    return count


def _flat_field(field: pa.Field) -> pa.Field:
    simple = not pa.types.is_nested(field.type) and not pa.types.is_binary(field.type)
    return field if simple else pa.field(field.name, pa.string())


def _flat(column: pa.Array, field: pa.Field) -> pa.Array:
    if column.type == field.type:
        return column
    texts = [None if value is None else _json(value).decode() for value in column.to_pylist()]
    return pa.array(texts, pa.string())


def _json_array(answer: Answer, into: IO[bytes]) -> int:
    count = 0
    into.write(b"[")
    for row in answer.rows():
        into.write(b",\n " if count else b"\n ")
        into.write(_json(row))
        count += 1
    into.write(b"\n]\n" if count else b"]\n")
    return count


def _parquet(answer: Answer, into: IO[bytes]) -> int:
    count = 0
    with pa_parquet.ParquetWriter(into, answer.schema, compression="zstd") as writer:
        for batch in answer.batches:
            writer.write_batch(batch)
            count += batch.num_rows
    return count


_WRITERS: Mapping[Format, Callable[[Answer, IO[bytes]], int]] = {
    "csv": _csv,
    "json": _json_array,
    "parquet": _parquet,
}


def _json(value: object) -> bytes:
    return orjson.dumps(sayable(value))


def plain_rows(rows: Sequence[Mapping[Any, object]]) -> list[dict[str, object]]:
    """Rows of a frame as JSON can say them; pandas' own kinds of nothing become null."""
    return [
        {str(name): None if _is_nothing(value) else sayable(value) for name, value in row.items()}
        for row in rows
    ]


def _is_nothing(value: object) -> bool:
    # NaT and NA differ even from themselves, or refuse to say
    try:
        return bool(value != value)  # noqa: PLR0124
    except (TypeError, ValueError):
        return type(value).__name__ == "NAType"


def sayable(value: object) -> object:
    """A value of DuckDB as JSON can say it; beyond its numbers as text, NaN as null."""
    if isinstance(value, dict):
        pairs = cast("dict[object, object]", value).items()
        return {str(key): sayable(item) for key, item in pairs}
    if isinstance(value, list | tuple):
        return [sayable(item) for item in cast("list[object]", value)]
    return _scalar(value)


def _scalar(value: object) -> object:
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if _SMALLEST <= value < _LARGEST else str(value)
        case float():
            return value if math.isfinite(value) else None
        case date() | time():
            return value.isoformat()
        case _:
            return value.hex() if isinstance(value, bytes) else str(value)
