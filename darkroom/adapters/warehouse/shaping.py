"""Columns of Python values to Arrow tables of the types the warehouse has.

The types are those of the tables, so the SQL in analytics/schema is the only place that
says them. Knows no DuckDB: a worker process shapes too, and loads as little as it can.
"""

from collections.abc import Mapping
from typing import TypeAlias

import pyarrow as pa

from darkroom.adapters.warehouse.casts import column
from darkroom.adapters.warehouse.image_columns import PLACES
from darkroom.adapters.warehouse.tables import Columns, Tables

Shapes: TypeAlias = Mapping[str, pa.Schema]
"""The columns of every table and their types."""
Shaped: TypeAlias = Mapping[str, pa.Table]
_LIMITS = {place.column: place.limits for place in PLACES}


def shaped(tables: Tables, shapes: Shapes) -> Shaped:
    """The same tables as Arrow holds them; a column that is not there is NULL."""
    return {name: _shaped(columns, shapes[name]) for name, columns in tables.items()}


def _shaped(columns: Columns, schema: pa.Schema) -> pa.Table:
    count = len(next(iter(columns.values())))
    made = [
        column(columns[field.name], field.type, _LIMITS.get(field.name))
        if field.name in columns
        else pa.nulls(count, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(made, schema=schema)
