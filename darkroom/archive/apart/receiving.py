"""Take in the answer of a process apart, within the memory its question was given.

Owns what its owner holds at once: one piece of an answer that is read through, or all of one
that fits. An answer that breaks off is an error, never a short answer.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from darkroom.adapters.warehouse.answers import Answer, frame_of_table
from darkroom.adapters.warehouse.limits import Limits
from darkroom.archive.apart.process import Apart
from darkroom.archive.apart.wire import heard
from darkroom.core.errors import OutsideError, UsageError

_CELL_BYTES = 500
"""What a value takes as Python has it, on its way to a terminal."""


@dataclass(frozen=True)
class BoundedAnswer(Answer):
    """An answer that is refused, rather than held, where it is larger than it may be."""

    memory_mb: int

    def rows(self) -> Generator[dict[str, object]]:
        """One dict per row."""
        for batch in self.batches:
            yield from rows_of_batch(batch)

    def frame(self) -> Any:
        """All of it as a pandas frame; OutsideError where it takes more memory than it may."""
        # before: what breaks while it still comes in is no matter of its values
        table = pa.Table.from_batches(list(self._held()), schema=self.schema)
        with _values_told():
            return frame_of_table(table)

    def rows_at_once(self) -> list[dict[str, object]]:
        """All of it as rows; OutsideError where they take more memory than they may."""
        return [row for batch in self._held(_CELL_BYTES) for row in rows_of_batch(batch)]

    def _held(self, cell_bytes: int = 0) -> Generator[pa.RecordBatch]:
        left = self.memory_mb * 2**20
        for batch in self.batches:
            left -= batch.nbytes + batch.num_rows * len(self.columns) * cell_bytes
            if left < 0:
                message = f"the answer as a whole takes more than {self.memory_mb} MB"
                raise OutsideError("warehouse-memory", message)
            yield batch


def rows_of_batch(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Rows as Python has them; UsageError where it has no such value."""
    with _values_told():
        return batch.to_pylist()


@contextmanager
def _values_told() -> Generator[None]:
    """Say which values are the trouble: infinite times, years beyond Python's calendar."""
    try:
        yield
    except (OverflowError, ValueError, NotImplementedError) as error:
        message = f"a value of the answer has no form in Python: {str(error).strip()[:200]}"
        hint = "cast it in the statement: CAST(value AS TEXT), or ask for --format parquet"
        raise UsageError("sql-failed", message, hint=hint) from error


@contextmanager
def answered(
    path: Path, sql: str, limits: Limits, apart: Apart | None = None
) -> Generator[BoundedAnswer]:
    """Put a statement of a person to the warehouse, in a process of its own."""
    _insist_on_text(sql)
    with apart or Apart() as process:
        process.ask({"path": str(path), "sql": sql, "limits": asdict(limits)})
        _hear(process, limits)
        try:
            stream = pa.ipc.open_stream(process.answers)
        except (OSError, pa.ArrowException) as error:
            raise process.died(limits.time_s) from error
        schema = stream.schema
        batches = _batches(stream, process, limits)
        yield BoundedAnswer(tuple(schema.names), schema, batches, limits.memory_mb)


def _insist_on_text(sql: str) -> None:
    try:
        sql.encode()
    except UnicodeEncodeError as error:
        raise UsageError("sql-refused", f"is no text: {error.reason} at {error.start}") from error


def _batches(
    stream: pa.ipc.RecordBatchStreamReader, process: Apart, limits: Limits
) -> Generator[pa.RecordBatch]:
    try:
        yield from stream
    except (OSError, pa.ArrowException) as error:
        raise process.died(limits.time_s) from error
    _hear(process, limits)


def _hear(process: Apart, limits: Limits) -> None:
    line = process.answers.readline()
    if not line.endswith(b"\n"):
        raise process.died(limits.time_s)
    heard(line)
