"""What a warehouse says of itself: what it was built from and what must be in it.

Owns the row of `sync_state` and the watermark: a count and a checksum over all documents,
compared before anything is built upon a file. Where they differ, part of it was lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import duckdb

from darkroom.adapters.warehouse.listing import Listing, Range
from darkroom.adapters.warehouse.statements import schema_id, statement, statements
from darkroom.core.errors import DataError

READER = f"2/duckdb-{duckdb.__version__}"
"""Counts up when the same document gives other rows than before."""
WHOLE_EVERY = timedelta(hours=1)
_FOLDERS_AT_A_TIME = 20_000


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
    outdated = [*listing.folders, *listing.gone]
    if listing.is_whole:
        connection.execute("DELETE FROM folders")
    else:
        connection.execute(
            "DELETE FROM folders WHERE folder IN (SELECT unnest($outdated::VARCHAR[]))",
            {"outdated": outdated},
        )
    rest = iter(listing.folders.items())
    # as texts, because a list would be a value for each; not all at once, as they may be a million
    while some := list(islice(rest, _FOLDERS_AT_A_TIME)):
        connection.execute(
            "INSERT INTO folders SELECT unnest(string_split($folders, chr(10))),"
            " unnest(string_split($times, chr(10)))::BIGINT",
            {
                "folders": "\n".join(folder for folder, _ in some),
                "times": "\n".join(str(at) for _, at in some),
            },
        )


def failed_checks(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The checks of analytics/checks that find something."""
    return tuple(
        check.name
        for check in statements("checks")
        if connection.execute(check.text).fetchone() is not None
    )
