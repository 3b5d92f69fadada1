"""Tables into DuckDB: whole batches, inserted by a thread while the next is being read.

Owns the order of the inserts, how far reading may run ahead of them, and when what is in
is written out. The file is nobody else's until it is whole, so nothing is lost by that.
"""

from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa

from darkroom.adapters.warehouse.packed import Packed
from darkroom.adapters.warehouse.shaping import Shaped, Shapes

BATCHES_PER_GROUP = 8
"""Written out together. More need memory, twenty 100 MB; fewer are compressed twice."""


class Loader:
    """Inserts tables in the order they come; leaving waits for the last of them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="warehouse-insert")
        self._last: Future[None] | None = None
        self._unwritten = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True)
        if error is None and self._last is not None:
            self._last.result()

    def insert(self, tables: Shaped) -> None:
        """Insert every table; raises what the insert before it raised."""
        if self._last is not None:
            self._last.result()  # one batch ahead is enough memory
        self._last = self._pool.submit(self._write, tables)

    def _write(self, tables: Shaped) -> None:
        for name, table in tables.items():
            if table.num_rows:
                with handed_over(self._connection, batch=table):
                    self._connection.execute(f"INSERT INTO {name} SELECT * FROM batch")
        self._unwritten += 1
        if self._unwritten >= BATCHES_PER_GROUP:
            self._connection.commit()
            self._connection.begin()
            self._unwritten = 0


@contextmanager
def handed_over(
    connection: duckdb.DuckDBPyConnection, **relations: pa.Table | Packed
) -> Generator[None]:
    """Let a statement read each of them under its name; what is packed, once."""
    for name, rows in relations.items():
        connection.register(name, rows.reader() if isinstance(rows, Packed) else rows)
    try:
        yield
    finally:
        for name in relations:
            connection.unregister(name)


def shapes_of(connection: duckdb.DuckDBPyConnection) -> Shapes:
    """The columns of every table there is, and their types as Arrow names them."""
    names = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    return {
        name: connection.execute(f"FROM {name} LIMIT 0").to_arrow_table().schema
        for (name,) in names
    }
