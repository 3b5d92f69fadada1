"""What a warehouse says of itself: what it was built from and what must be in it.

Owns the row of `sync_state` and the watermark: a count and a checksum over all documents,
compared before anything is built upon a file. Where they differ, part of it was lost.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from darkroom.adapters.warehouse.batches import handed_over
from darkroom.adapters.warehouse.listing import Listing, Range
from darkroom.adapters.warehouse.statements import schema_id, statement, statements
from darkroom.core.errors import DataError

READER = f"2/duckdb-{duckdb.__version__}"
"""Counts up when the same document gives other rows than before."""
WHOLE_EVERY = timedelta(hours=1)
_CHECKS_MEMORY_MB = (256, 384, 512, 1024, 4096)


@dataclass(frozen=True)
class Known:
    """What an earlier synchronisation left."""

    source_count: int
    folders: dict[str, int]


def recent(connection: duckdb.DuckDBPyConnection, now: datetime) -> tuple[Range, ...]:
    """Where a store that knows keys only is likely to have changed; empty means: everywhere.

    New runs come after old ones. What is said of an old run is found once an hour, when
    everything is looked at again.
    """
    listed_at = connection.execute("SELECT listed_at FROM sync_state").fetchall()[0][0]
    if not timedelta() <= now - listed_at.replace(tzinfo=UTC) < WHOLE_EVERY:
        return ()
    rows = connection.execute(statement("sync", "recent_runs")).fetchall()
    return tuple(
        Range(f"{project}/working/", f"{project}/working/{run_id}") for project, run_id in rows
    )


def trusted(connection: duckdb.DuckDBPyConnection, store: str) -> Known:
    """The state of a warehouse that may be built upon; DataError says why it may not."""
    try:
        row = _state(connection)
        count, checksum = _watermark(connection)
        folders: dict[str, int] = dict(
            connection.execute("SELECT folder, modified_ns FROM folders").fetchall()
        )
    except (duckdb.Error, IndexError) as error:
        message = f"it could not be read: {str(error).partition(chr(10))[0][:200]}"
        raise DataError("warehouse-damaged", message) from error
    if row["schema_id"] != schema_id(READER):
        raise DataError("warehouse-damaged", "it was built by another version of Darkroom")
    if row["store"] != store:
        raise DataError("warehouse-damaged", "it was built from another store")
    if (row["source_count"], row["source_checksum"]) != (count, checksum):
        raise DataError("warehouse-damaged", "part of what it held is missing")
    return Known(count, folders)


def _state(connection: duckdb.DuckDBPyConnection) -> Mapping[str, Any]:
    rows = connection.execute("FROM sync_state")
    names = [column[0] for column in rows.description or []]
    return dict(zip(names, rows.fetchall()[0], strict=True))


def _watermark(connection: duckdb.DuckDBPyConnection) -> tuple[int, str]:
    row = connection.execute(statement("sync", "watermark")).fetchall()[0]
    return int(row[0]), str(row[1])


def remember(connection: duckdb.DuckDBPyConnection, store: str, listing: Listing) -> None:
    """Write what the warehouse now holds, and which folders were looked at."""
    _remember_folders(connection, listing)
    count, checksum = _watermark(connection)
    now = datetime.now(UTC).replace(tzinfo=None)
    before = connection.execute("SELECT listed_at FROM sync_state").fetchall()
    listed_at = now if listing.is_whole or not before else before[0][0]
    connection.execute("DELETE FROM sync_state")
    connection.execute(
        "INSERT INTO sync_state VALUES ($schema_id, $store, $count, $checksum, $listed, $now)",
        {
            "schema_id": schema_id(READER),
            "store": store,
            "count": count,
            "checksum": checksum,
            "listed": listed_at,
            "now": now,
        },
    )


def _remember_folders(connection: duckdb.DuckDBPyConnection, listing: Listing) -> None:
    if listing.is_whole:
        connection.execute("DELETE FROM folders")
    else:
        with handed_over(connection, seen=listing.folders):
            connection.execute("DELETE FROM folders WHERE folder IN (SELECT folder FROM seen)")
    with handed_over(connection, seen=listing.folders):
        connection.execute(
            "INSERT INTO folders SELECT folder, if(modified_ns < $settled, modified_ns, 0)"
            " FROM seen WHERE modified_ns IS NOT NULL",
            {"settled": listing.settled_ns},
        )


def failed_checks(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The checks of analytics/checks that find something."""
    return tuple(
        check.name
        for check in statements("checks")
        if connection.execute(check.text).fetchone() is not None
    )


def checked(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """As `failed_checks` for the one who writes, with more memory where a million rows need it."""
    for memory_mb in _CHECKS_MEMORY_MB:
        connection.execute(f"SET memory_limit = '{memory_mb}MB'")
        with suppress(duckdb.OutOfMemoryException):
            return failed_checks(connection)
    return failed_checks(connection)
