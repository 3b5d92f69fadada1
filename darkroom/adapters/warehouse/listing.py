"""What a store holds for the warehouse, found at the cost of what is new.

Owns how a listing looks, and the listing of stores that only know keys. How a folder is
listed is `folder_walk`'s: there the times of its folders tell where anything changed.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import pyarrow as pa

from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.warehouse.packed import Packed
from darkroom.adapters.warehouse.places import Kind, kind_of

Row: TypeAlias = tuple[str, Kind, int | None, int | None]
"""A document as a listing tells it: its key and the fields of its entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One document as the listing shows it; another size or time means another content."""

    kind: Kind
    size_bytes: int | None = None
    modified_ns: int | None = None


ENTRIES = pa.schema(
    [
        pa.field("key", pa.string()),
        pa.field("kind", pa.string()),
        pa.field("size_bytes", pa.int64()),
        pa.field("modified_ns", pa.int64()),
    ]
)
"""A key and the fields of its entry, as a listing keeps them."""
FOLDERS = pa.schema([pa.field("folder", pa.string()), pa.field("modified_ns", pa.int64())])


@dataclass(frozen=True)
class Range:
    """Keys with one beginning, greater than one of them."""

    prefix: str
    after: str = ""


@dataclass(frozen=True)
class Listing:
    """The documents of the part of a store that was looked at."""

    entries: Packed
    """Rows of ENTRIES; what was written again meanwhile may be there twice."""
    is_whole: bool
    """Whether everything was looked at: what is not among the entries is not in the store."""
    folders: Packed = field(default_factory=lambda: Packed(FOLDERS))
    """Rows of FOLDERS: those looked at, where the store has any; NULL where none stands now."""
    settled_ns: int = 0
    """Folders touched then or later may have changed since they were looked at."""
    ranges: tuple[Range, ...] = ()
    """The keys looked at, where the store knows keys only and not all were looked at."""


def list_keys(store: Store, ranges: Sequence[Range] = ()) -> Listing:
    """List a store that knows keys only, whole or some ranges; 1,000 keys cost one request."""
    entries = Packed(ENTRIES)
    for part in ranges or (Range(""),):
        for row in rows_within(store, part):
            entries.add(*row)
    return Listing(entries, is_whole=not ranges, ranges=tuple(ranges))


def rows_within(store: Store, part: Range) -> Iterator[Row]:
    """The documents in a range of keys, while they are being listed."""
    for key in store.iter_keys(part.prefix, part.after):
        kind = kind_of(key)
        if kind is not None:
            yield _row(store, key, kind)


def unknown_projects(store: Store, known: Sequence[Range]) -> tuple[Range, ...]:
    """Everything of the projects that no range names; costs one request for each project."""
    names = {part.prefix.partition("/")[0] for part in known}
    found: list[Range] = []
    after = ""
    while (key := next(store.iter_keys("", after), None)) is not None:
        name = key.partition("/")[0]
        if name not in names:
            found.append(Range(f"{name}/"))
        after = f"{name}0"  # the first that can follow all its keys: "0" comes after "/"
    return tuple(found)


def _row(store: Store, key: str, kind: Kind) -> Row:
    # a ranking is the one document that is ever written again
    found = store.head(key) if kind == "ranking" else None
    if found is None:
        return key, kind, None, None
    # servers tell whole seconds; what was written twice in one of them differs by its etag
    within_a_second = zlib.crc32((found.etag or "").encode()) % 1_000_000_000
    return key, kind, found.size_bytes, int(found.modified_at) * 1_000_000_000 + within_a_second
