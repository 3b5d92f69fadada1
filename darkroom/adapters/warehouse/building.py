"""Bring a warehouse up to a listing of the store: take out what went, take in what came.

Owns the order of the steps and the tables each kind of document has rows in. Works on one
open connection to a file that nobody else reads yet; who may write is not its business.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice

import duckdb

from darkroom.adapters.warehouse.batches import (
    BATCHES_PER_GROUP,
    Loader,
    handed_over,
    shapes_of,
)
from darkroom.adapters.warehouse.crew import Crew
from darkroom.adapters.warehouse.difference import Difference, difference
from darkroom.adapters.warehouse.listing import ENTRIES, Entry, Listing, Row
from darkroom.adapters.warehouse.opening import ROWS_PER_GROUP
from darkroom.adapters.warehouse.packed import Packed
from darkroom.adapters.warehouse.statements import statement, statements
from darkroom.adapters.warehouse.wire import Asked

MANY = 4_000
"""Fewer documents are read by one process before another has loaded its libraries."""
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

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(self.read + other.read, self.quarantined + other.quarantined)


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the empty tables and the views."""
    for found in (*statements("schema"), *statements("views")):
        connection.execute(found.text)


def fill(
    connection: duckdb.DuckDBPyConnection, crew: Crew, rows: Iterable[Row], advance: Advance
) -> Taken:
    """Take all there is into an empty warehouse, while it is still being listed.

    S2's metadata come last: only then is it known which of them count. In one or several
    transactions, as `apply`.
    """
    uncertain = Packed(ENTRIES)
    with _marked_anew(connection):
        certain = _take_in(connection, crew, _set_aside(rows, uncertain), advance)
        found = difference(connection, Listing(uncertain, is_whole=False))
        taken = certain + _take_in(connection, crew, found.new, advance)
        connection.execute("INSERT INTO changed SELECT source FROM sources")
    return taken


def _set_aside(rows: Iterable[Row], uncertain: Packed) -> Iterator[Row]:
    for row in rows:
        if row[1] == "s2":
            uncertain.add(*row)
        else:
            yield row


def apply(
    connection: duckdb.DuckDBPyConnection, crew: Crew, found: Difference, advance: Advance
) -> Taken:
    """Carry the difference out, in the caller's transaction or several after it."""
    with _marked_anew(connection, [*found.gone, *found.changed]):
        taken = _take_in(connection, crew, found.new, advance)
        with handed_over(connection, arrived=found.new):
            connection.execute("INSERT INTO changed SELECT key FROM arrived")
    return taken


@contextmanager
def _marked_anew(
    connection: duckdb.DuckDBPyConnection, replaced: Sequence[str] = ()
) -> Generator[None]:
    """Take these out first; afterwards mark what they and all in `changed` by then are about."""
    _remember_changed(connection, replaced)
    _touch(connection)
    if replaced:
        _take_out(connection)
    yield
    _mark(connection)
    for name in ("changed", "touched_images", "touched_runs"):
        connection.execute(f"DROP TABLE {name}")


def _remember_changed(connection: duckdb.DuckDBPyConnection, keys: Sequence[str]) -> None:
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
    connection: duckdb.DuckDBPyConnection, crew: Crew, rows: Iterable[Row], advance: Advance
) -> Taken:
    taken = Taken()
    portions = _portions(_read_by_many(rows, crew))
    with Loader(connection) as loader:
        for count, portion in crew.read(portions, shapes_of(connection)):
            loader.insert(portion.tables)
            taken += Taken(count, portion.refused)
            advance(count)
    return taken


def _read_by_many(rows: Iterable[Row], crew: Crew) -> Iterator[Row]:
    """The same rows; once there are many, there are workers to read them."""
    coming = iter(rows)
    first = list(islice(coming, MANY))
    if len(first) == MANY:
        crew.start()
    return chain(first, coming)


def _portions(rows: Iterable[Row]) -> Iterator[Asked]:
    """The documents in their order, few enough at a time for their content to fit into memory."""
    portion: Asked = []
    size_bytes = 0
    for key, kind, known_bytes, modified_ns in rows:
        size_bytes += known_bytes or _UNKNOWN_SIZE
        portion.append((key, Entry(kind, known_bytes, modified_ns)))
        if len(portion) >= _KEYS_AT_A_TIME or size_bytes >= _BYTES_AT_A_TIME:
            yield portion
            portion, size_bytes = [], 0
    if portion:
        yield portion
