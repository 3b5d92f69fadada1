"""Tables into DuckDB: whole batches, inserted by a thread while the next is being read.

Owns the way from columns to Arrow to the file. The types are those of the tables, so the
SQL in analytics/schema is the only place that says them.
"""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa

from darkroom.adapters.warehouse.casts import column
from darkroom.adapters.warehouse.image_columns import PLACES
from darkroom.adapters.warehouse.tables import Columns, Tables

_LIMITS = {place.column: place.limits for place in PLACES}


class Loader:
    """Inserts tables in the order they come; leaving waits for the last of them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._table_schemas = _schemas(connection)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="warehouse-insert")
        self._last: Future[None] | None = None

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

    def insert(self, tables: Tables) -> None:
        """Insert every table; raises what the insert before it raised."""
        ready = {name: self._arrow(name, columns) for name, columns in tables.items()}
        if self._last is not None:
            self._last.result()  # one batch ahead is enough memory
        self._last = self._pool.submit(self._write, ready)

    def _arrow(self, name: str, columns: Columns) -> pa.Table:
        schema = self._table_schemas[name]
        count = len(next(iter(columns.values())))
        nothing: list[None] = [None] * count
        made = [
            column(columns.get(field.name, nothing), field.type, _LIMITS.get(field.name))
            for field in schema
        ]
        return pa.Table.from_arrays(made, schema=schema)

    def _write(self, tables: Mapping[str, pa.Table]) -> None:
        for name, table in tables.items():
            if table.num_rows:
                self._connection.register("batch", table)
                self._connection.execute(f"INSERT INTO {name} SELECT * FROM batch")
                self._connection.unregister("batch")


def _schemas(connection: duckdb.DuckDBPyConnection) -> dict[str, pa.Schema]:
    names = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    return {
        name: connection.execute(f"FROM {name} LIMIT 0").to_arrow_table().schema
        for (name,) in names
    }
