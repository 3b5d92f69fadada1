"""The forms an answer has: rows, Arrow batches, a pandas frame in which no seed loses digits.

Owns those forms, apart from DuckDB: who reads an answer need not be who asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa


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
        return frame_of_table(pa.Table.from_batches(list(self.batches), schema=self.schema))


def frame_of_table(table: pa.Table) -> Any:
    """A table as a pandas frame; whole numbers with gaps stay whole numbers."""
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
