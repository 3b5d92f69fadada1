"""What a listing holds that the warehouse does not, and the other way round.

Owns the comparison, and the one case in which two documents speak of one image: S2's
metadata of an iteration counts only where there is neither a sidecar nor a run of ours.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import duckdb

from darkroom.adapters.warehouse.listing import Entry, Listing

_NONE = frozenset[str]()
_S2_PLACE = re.compile(r"(?P<run>.+)/metadata/(?P<name>iteration_\d+)_metadata\.json\Z")


@dataclass(frozen=True)
class Difference:
    """What has to be taken in, and what has to be taken out first."""

    new: Mapping[str, Entry]
    changed: frozenset[str]
    gone: frozenset[str]

    @property
    def is_none(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.new or self.gone)


def difference(connection: duckdb.DuckDBPyConnection, listing: Listing) -> Difference:
    """Compare what is listed with what the warehouse holds."""
    known = _known(connection, listing)
    if not known:  # not even a copy: there may be a million
        return _without_superseded(connection, Difference(listing.entries, _NONE, _NONE))
    new = {key: entry for key, entry in listing.entries.items() if known.get(key) != entry}
    gone = frozenset(known.keys() - listing.entries.keys())
    found = Difference(new, frozenset(new.keys() & known.keys()), gone)
    return _without_superseded(connection, found)


def _known(connection: duckdb.DuckDBPyConnection, listing: Listing) -> dict[str, Entry]:
    """What the warehouse holds of the part that was looked at."""
    if listing.is_whole:
        parts = [_sources(connection, "TRUE", {})]
    elif listing.ranges:
        where = "starts_with(source, $prefix) AND source > $after"
        parts = [
            _sources(connection, where, {"prefix": part.prefix, "after": part.after})
            for part in listing.ranges
        ]
    else:
        looked_at = [*listing.folders, *listing.gone]
        where = "folder IN (SELECT unnest($looked_at::VARCHAR[]))"
        parts = [_sources(connection, where, {"looked_at": looked_at})]
    return {source: entry for part in parts for source, entry in part.items()}


def _sources(
    connection: duckdb.DuckDBPyConnection, where: str, values: dict[str, object]
) -> dict[str, Entry]:
    query = f"SELECT source, kind, size_bytes, modified_ns FROM sources WHERE {where}"
    return {source: Entry(*rest) for source, *rest in connection.execute(query, values).fetchall()}


def _without_superseded(connection: duckdb.DuckDBPyConnection, found: Difference) -> Difference:
    """Leave out S2's metadata where a sidecar or a run.json stands for the same thing."""
    fresh = [key for key, entry in found.new.items() if entry.kind == "s2"]
    if fresh:
        standing = _standing(connection, fresh) | found.new.keys()
        kept = {k: e for k, e in found.new.items() if e.kind != "s2" or not _betters(k) & standing}
        found = replace(found, new=kept)
    return replace(found, gone=found.gone | _overtaken(connection, found.new))


def _betters(key: str) -> set[str]:
    """The documents that stand for the same image or run and are better told."""
    place = _S2_PLACE.match(key)
    if place is None:  # metadata of no run, at the top of a bucket
        return set()
    return {f"{place['run']}/images/{place['name']}.png.json", f"{place['run']}/run.json"}


def _standing(connection: duckdb.DuckDBPyConnection, keys: Iterable[str]) -> set[str]:
    wanted = sorted(set[str]().union(*map(_betters, keys)))
    query = "SELECT source FROM sources WHERE source IN (SELECT unnest($wanted::VARCHAR[]))"
    return {source for (source,) in connection.execute(query, {"wanted": wanted}).fetchall()}


def _overtaken(
    connection: duckdb.DuckDBPyConnection, arrived: Mapping[str, Entry]
) -> frozenset[str]:
    rows = connection.execute("SELECT source FROM sources WHERE kind = 's2'").fetchall()
    return frozenset(
        source for (source,) in rows if any(better in arrived for better in _betters(source))
    )
