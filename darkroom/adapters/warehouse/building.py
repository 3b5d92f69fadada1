"""Bring a warehouse up to a listing of the store: take out what went, take in what came.

Owns the order of the steps and the tables each kind of document has rows in. Works on one
open connection to a file that nobody else reads yet; who may write is not its business.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import duckdb

from darkroom.adapters.warehouse.batches import (
    BATCHES_PER_GROUP,
    Loader,
    handed_over,
    shapes_of,
)
from darkroom.adapters.warehouse.crew import Crew
from darkroom.adapters.warehouse.difference import Difference
from darkroom.adapters.warehouse.listing import MANY, Entry
from darkroom.adapters.warehouse.opening import ROWS_PER_GROUP
from darkroom.adapters.warehouse.packed import Packed
from darkroom.adapters.warehouse.statements import statement, statements
from darkroom.adapters.warehouse.wire import Asked

_KEYS_AT_A_TIME = ROWS_PER_GROUP // BATCHES_PER_GROUP
"""So that whole groups of images are written: a part of one would be compressed again."""
_BYTES_AT_A_TIME = 32 * 2**20
_UNKNOWN_SIZE = 64 * 2**10
_OF_AN_IMAGE = ("image_loras", "variations", "answers", "criteria")
_OF_A_SOURCE = (
    "scores",
    "score_documents",
    "annotations",
    "runs",
    "run_results",
    "rankings",
    "failures",
    "refinements",
    "quarantine",
    "images",
    "sources",
)

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Taken:
    """How many documents came in, and how many of them only into quarantine."""

    read: int = 0
    quarantined: int = 0


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the empty tables and the views."""
    for found in (*statements("schema"), *statements("views")):
        connection.execute(found.text)


def apply(
    connection: duckdb.DuckDBPyConnection, crew: Crew, found: Difference, advance: Advance
) -> Taken:
    """Carry the difference out, in the caller's transaction or several after it."""
    replaced = [*found.gone, *found.changed]
    _remember_changed(connection, replaced)
    _touch(connection)
    if replaced:
        _take_out(connection)
    taken = _take_in(connection, crew, found.new, advance)
    with handed_over(connection, arrived=found.new):
        connection.execute("INSERT INTO changed SELECT key FROM arrived")
    _mark(connection)
    for name in ("changed", "touched_images", "touched_runs"):
        connection.execute(f"DROP TABLE {name}")
    return taken


def _remember_changed(connection: duckdb.DuckDBPyConnection, keys: list[str]) -> None:
    connection.execute("CREATE OR REPLACE TEMP TABLE changed (source VARCHAR)")
    # one text, as a list would be a value for each of them; no key is empty
    if keys:
        connection.execute(
            "INSERT INTO changed SELECT unnest(string_split($keys, chr(10)))",
            {"keys": "\n".join(keys)},
        )


def _touch(connection: duckdb.DuckDBPyConnection) -> None:
    """Remember whose events go, before they are gone."""
    for name in ("touched_images", "touched_runs"):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {statement('sync', name)}")


def _take_out(connection: duckdb.DuckDBPyConnection) -> None:
    images = "SELECT image FROM images WHERE source IN (SELECT source FROM changed)"
    for table in _OF_AN_IMAGE:
        connection.execute(f"DELETE FROM {table} WHERE image IN ({images})")
    for table in _OF_A_SOURCE:
        connection.execute(f"DELETE FROM {table} WHERE source IN (SELECT source FROM changed)")


def _mark(connection: duckdb.DuckDBPyConnection) -> None:
    """Work out anew what the events of every touched image and run come to."""
    for target in ("image", "run"):
        touched = f"touched_{target}s"
        connection.execute(f"INSERT INTO {touched} {statement('sync', touched)}")
        connection.execute(
            f"DELETE FROM {target}_marks WHERE {target} IN (SELECT {target} FROM {touched})"
        )
        connection.execute(statement("sync", f"{target}_marks"))


def _take_in(
    connection: duckdb.DuckDBPyConnection,
    crew: Crew,
    new: Packed,
    advance: Advance,
) -> Taken:
    quarantined = 0
    if len(new) >= MANY:
        crew.start()
    shapes = shapes_of(connection)
    with Loader(connection) as loader:
        for count, portion in crew.read(_portions(new), shapes):
            loader.insert(portion.tables)
            quarantined += portion.refused
            advance(count)
    return Taken(len(new), quarantined)


def _portions(new: Packed) -> Iterator[Asked]:
    """The documents in their order, few enough at a time for their content to fit into memory."""
    portion: Asked = []
    size_bytes = 0
    for key, *rest in new:
        entry = Entry(*rest)
        size_bytes += entry.size_bytes or _UNKNOWN_SIZE
        portion.append((key, entry))
        if len(portion) >= _KEYS_AT_A_TIME or size_bytes >= _BYTES_AT_A_TIME:
            yield portion
            portion, size_bytes = [], 0
    if portion:
        yield portion
