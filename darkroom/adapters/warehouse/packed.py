"""Rows by the million, packed: what a listing holds would otherwise need half a gigabyte.

Owns how they are kept, in their order and compressed some thousands at a time, and how they
come out again. What a row means is the owner's. Knows no DuckDB: a worker loads this too.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

import pyarrow as pa

_ROWS_AT_A_TIME = 8_192
_COMPRESSED = pa.ipc.IpcWriteOptions(compression="zstd")


class Packed:
    """Rows of one schema; to be added to first and read afterwards, as often as needed."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._packs: list[bytes] = []
        self._waiting: list[Sequence[Any]] = []
        self._count = 0

    @classmethod
    def of(cls, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Self:
        """The rows of these batches, which have that schema."""
        packed = cls(schema)
        for batch in batches:
            packed._pack(batch)
        return packed

    def __len__(self) -> int:
        return self._count + len(self._waiting)

    def add(self, *row: object) -> None:
        """Add one row, a value for each column."""
        self._waiting.append(row)
        if len(self._waiting) >= _ROWS_AT_A_TIME:
            self._settle()

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Every row."""
        for batch in self._batches():
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    def reader(self) -> pa.RecordBatchReader:
        """Every row, once."""
        return pa.RecordBatchReader.from_batches(self._schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        self._settle()
        for pack in self._packs:
            with pa.ipc.open_stream(io.BytesIO(pack)) as stream:
                yield from stream

    def _settle(self) -> None:
        if self._waiting:
            columns = zip(*self._waiting, strict=True)
            fields = zip(columns, self._schema, strict=True)
            arrays = [pa.array(values, field.type) for values, field in fields]
            self._waiting = []
            self._pack(pa.RecordBatch.from_arrays(arrays, schema=self._schema))

    def _pack(self, batch: pa.RecordBatch) -> None:
        kept = io.BytesIO()
        with pa.ipc.new_stream(kept, self._schema, options=_COMPRESSED) as stream:
            stream.write_batch(batch)
        self._packs.append(kept.getvalue())
        self._count += batch.num_rows
