"""What a warehouse holds, in a form two of them can be compared in."""

from pathlib import Path
from typing import Any

from darkroom.adapters.warehouse.opening import reading

_OF_THE_BUILD = ("folders", "sync_state")
"""Tables that say when and how it was built, not what of."""


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that holds what the store said, in an order of its own."""
    connection = reading(path)
    try:
        names = connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'warehouse'"
        ).fetchall()
        return {
            name: sorted(connection.execute(f"FROM {name}").fetchall(), key=repr)
            for (name,) in names
            if name not in _OF_THE_BUILD
        }
    finally:
        connection.close()
