"""Ask a warehouse something, within limits of time and memory.

Owns the one statement that may be asked, its end when time is up, and the forms an answer
has: rows, Arrow batches, a pandas frame in which no seed loses digits.
"""

import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from darkroom.adapters.warehouse.opening import Connection, Limits, reading
from darkroom.core.errors import OutsideError, UsageError

_ROWS_PER_BATCH = 10_000
_ASKING = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN})
Values = Mapping[str, object]


@dataclass(frozen=True)
class Answer:
    """What a statement found, a batch at a time."""

    columns: tuple[str, ...]
    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]

    def rows(self) -> Iterator[dict[str, object]]:
        """One dict per row."""
        for batch in self.batches:
            yield from batch.to_pylist()

    def frame(self) -> Any:
        """All of it as a pandas frame; whole numbers with gaps stay whole numbers."""
        return _frame(pa.Table.from_batches(list(self.batches), schema=self.schema))


@contextmanager
def asked(path: Path, sql: str, limits: Limits) -> Generator[Answer]:
    """Put one statement of a person to the warehouse; it can read and nothing else."""
    connection = reading(path, limits)
    try:
        with within(connection, limits):
            _insist_on_question(connection, sql)
            found = connection.execute(sql).to_arrow_reader(_ROWS_PER_BATCH)
            yield Answer(tuple(found.schema.names), found.schema, iter(found))
    finally:
        connection.close()


def _insist_on_question(connection: Connection, sql: str) -> None:
    kinds = [statement.type for statement in connection.extract_statements(sql)]
    if len(kinds) != 1:
        raise UsageError("sql-refused", f"one statement is taken, not {len(kinds)}")
    if kinds[0] not in _ASKING:
        raise UsageError("sql-refused", f"{kinds[0].name} changes something; only questions do")


@contextmanager
def within(connection: Connection, limits: Limits) -> Generator[None]:
    """Translate what DuckDB raises about a statement, and end it when its time is up."""
    timer = threading.Timer(limits.time_s, connection.interrupt)
    timer.start()
    try:
        yield
    except duckdb.InterruptException as error:
        message = f"not answered after {limits.time_s:g} s"
        raise OutsideError("sql-timeout", message) from error
    except duckdb.OutOfMemoryException as error:
        message = f"needs more than {limits.memory_mb} MB"
        raise OutsideError("warehouse-memory", message) from error
    except duckdb.PermissionException as error:
        raise UsageError("sql-refused", _said(error)) from error
    except (duckdb.Error, pa.ArrowException) as error:
        raise UsageError("sql-failed", _said(error)) from error
    finally:
        timer.cancel()
        timer.join()


def _said(error: Exception) -> str:
    """What DuckDB said, with the place it points to."""
    return str(error)[:1000].strip()


def frame_of(connection: Connection, text: str, values: Values) -> Any:
    """The answer as a pandas frame; whole numbers with gaps stay whole numbers."""
    return _frame(connection.execute(text, dict(values)).to_arrow_table())


def _frame(table: pa.Table) -> Any:
    gaps = {
        field.type
        for field, column in zip(table.schema, table.columns, strict=True)
        if pa.types.is_integer(field.type) and column.null_count
    }
    return table.to_pandas(types_mapper=_nullable(gaps).get)


def _nullable(kinds: set[Any]) -> dict[Any, Any]:
    # pandas takes a while to load, and most commands print rows
    import pandas as pd  # pyright: ignore[reportMissingTypeStubs] - it has none

    known = {
        pa.int8(): pd.Int8Dtype(),
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.uint8(): pd.UInt8Dtype(),
        pa.uint16(): pd.UInt16Dtype(),
        pa.uint32(): pd.UInt32Dtype(),
        pa.uint64(): pd.UInt64Dtype(),
    }
    return {kind: dtype for kind, dtype in known.items() if kind in kinds}


def rows_of(connection: Connection, text: str, values: Values) -> list[dict[str, object]]:
    """The answer as one dict per row."""
    found = connection.execute(text, dict(values))
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
