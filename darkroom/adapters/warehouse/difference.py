"""What a listing holds that the warehouse does not, and the other way round.

Owns the comparison, which DuckDB makes as both sides may be millions, and the one case in
which two documents speak of one image: S2's metadata of an iteration counts only where
there is neither a sidecar nor a run of ours.
"""

import re
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from darkroom.adapters.warehouse.batches import handed_over
from darkroom.adapters.warehouse.listing import ENTRIES, Listing
from darkroom.adapters.warehouse.packed import Packed

_ROWS_AT_A_TIME = 8_192
_KNOWN = "SELECT source, kind, size_bytes, modified_ns FROM sources"
_FRESH = """
    SELECT DISTINCT ON (l.key) l.*
    FROM listed AS l
    ANTI JOIN known AS k
        ON l.key = k.source
        AND l.kind = k.kind
        AND l.size_bytes IS NOT DISTINCT FROM k.size_bytes
        AND l.modified_ns IS NOT DISTINCT FROM k.modified_ns
"""
_S2 = "^(.+)/metadata/(iteration_[0-9]+)_metadata[.]json$"
_BETTER = f"""
    SELECT source, unnest([s2.run || '/run.json', s2.run || '/images/' || s2.name || '.png.json'])
        AS better
    FROM (
        SELECT source, regexp_extract(source, '{_S2}', ['run', 'name']) AS s2
        FROM ({{}})
        WHERE kind = 's2'
    )
    WHERE s2.run <> ''
"""
"""Of sources, what stands for the same image or run as one of S2's and is better told."""
_BETTER_KEY = re.compile(r"(?P<run>.+)/(?:run|images/iteration_[0-9]+\.png)\.json\Z")


@dataclass(frozen=True)
class Difference:
    """What has to be taken in, and what has to be taken out first."""

    new: Packed
    """Rows of ENTRIES, in the order of their keys."""
    changed: frozenset[str]
    gone: frozenset[str]

    @property
    def is_none(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.new or self.gone)


def difference(connection: duckdb.DuckDBPyConnection, listing: Listing) -> Difference:
    """Compare what is listed with what the warehouse holds."""
    with _known(connection, listing), handed_over(connection, entries=listing.entries):
        found = {
            "listed": "FROM entries",
            "gone": "SELECT k.source FROM known AS k ANTI JOIN listed AS l ON k.source = l.key",
            "fresh": _FRESH,
        }
        with _tables(connection, found):
            _leave_out_superseded(connection)
            connection.execute(f"INSERT INTO gone {_overtaken()}")
            rows = connection.execute("FROM fresh ORDER BY key").to_arrow_reader(_ROWS_AT_A_TIME)
            return Difference(
                Packed.of(ENTRIES, rows),
                _keys(
                    connection,
                    "SELECT f.key FROM fresh AS f SEMI JOIN known AS k ON f.key = k.source",
                ),
                _keys(connection, "FROM gone"),
            )


def unsuperseded(gone: Iterable[str]) -> set[str]:
    """The folders in which something of S2's may count now that better ones are gone."""
    return {f"{place['run']}/metadata" for key in gone if (place := _BETTER_KEY.match(key))}


@contextmanager
def _tables(connection: duckdb.DuckDBPyConnection, found: Mapping[str, str]) -> Generator[None]:
    """Make temporary tables of what these queries find, for a while."""
    for name, query in found.items():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
    try:
        yield
    finally:
        for name in found:
            connection.execute(f"DROP TABLE {name}")


@contextmanager
def _known(connection: duckdb.DuckDBPyConnection, listing: Listing) -> Generator[None]:
    """What the warehouse holds of the part that was looked at, for a while."""
    if listing.is_whole:
        connection.execute(f"CREATE OR REPLACE TEMP VIEW known AS {_KNOWN}")
    elif listing.ranges:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE known AS {_KNOWN} WHERE FALSE")
        within = "starts_with(source, $prefix) AND source > $after"
        for part in listing.ranges:
            values = {"prefix": part.prefix, "after": part.after}
            connection.execute(f"INSERT INTO known {_KNOWN} WHERE {within}", values)
    else:
        with handed_over(connection, folders_seen=listing.folders):
            within = "folder IN (SELECT folder FROM folders_seen)"
            connection.execute(f"CREATE OR REPLACE TEMP TABLE known AS {_KNOWN} WHERE {within}")
    try:
        yield
    finally:
        connection.execute(f"DROP {'VIEW' if listing.is_whole else 'TABLE'} known")


def _leave_out_superseded(connection: duckdb.DuckDBPyConnection) -> None:
    """Leave out S2's metadata where a sidecar or a run.json stands for the same thing."""
    fresh = _BETTER.format("SELECT key AS source, kind FROM fresh")
    standing = "SELECT key FROM fresh UNION ALL (SELECT source FROM sources EXCEPT FROM gone)"
    if connection.execute("SELECT NULL FROM fresh WHERE kind = 's2' LIMIT 1").fetchone():
        superseded = f"SELECT source FROM ({fresh}) WHERE better IN ({standing})"
        connection.execute(f"DELETE FROM fresh WHERE key IN ({superseded})")


def _overtaken() -> str:
    known = _BETTER.format("FROM sources")
    return f"SELECT DISTINCT source FROM ({known}) WHERE better IN (SELECT key FROM fresh)"


def _keys(connection: duckdb.DuckDBPyConnection, query: str) -> frozenset[str]:
    return frozenset(key for (key,) in connection.execute(query).fetchall())
