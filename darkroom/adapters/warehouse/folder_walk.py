"""List a folder store at the cost of what changed in it.

Everything in a store is written by a rename into its folder, which moves the folder's own
time. So a folder whose time is the one remembered holds what it held, and only the others
are opened. A time too close to now proves nothing and is remembered as 0.
Links are not followed, as everywhere in a folder store.
Documents come out in the order of their keys, so that a first reader need not wait for all.
"""

import os
import stat
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from darkroom.adapters.stores.durable import local_errors
from darkroom.adapters.warehouse.listing import ENTRIES, FOLDERS, Listing, Row
from darkroom.adapters.warehouse.packed import Packed
from darkroom.adapters.warehouse.places import Kind, is_listed, kind_in
from darkroom.core.keys import MAX_KEY_BYTES, is_key

_UNSETTLED_NS = 2_000_000_000
"""Longer than the ticks in which any common file system counts time."""
_Waiting: TypeAlias = tuple[str, Kind | None]
"""A document still to be told, or a folder still to be opened: its name ends in a slash."""


def walk(root: Path, known: Mapping[str, int]) -> Listing:
    """List every folder that is new or whose time is not the one known."""
    pass_ = Walk(root, known)
    entries = Packed(ENTRIES)
    for row in pass_.rows():
        entries.add(*row)
    return pass_.listing(entries)


class Walk:
    """One pass over a folder; folders are named as keys are, the root by an empty name."""

    def __init__(self, root: Path, known: Mapping[str, int]) -> None:
        self._root = str(root)
        self._known = known
        self._now_ns = time.time_ns()
        self._folders = Packed(FOLDERS)
        self._gone: set[str] = set()
        self._newest_ns = 0

    def rows(self) -> Iterator[Row]:
        """Every document in what is new or changed, once; in the order of keys if all is new."""
        with local_errors(self._root):
            changed = self._changed() if self._known else [""]
            waiting: list[_Waiting] = [(f"{folder}/", None) for folder in changed]
            while waiting:
                key, kind = waiting.pop()
                if kind is None:  # what lies in a folder comes before what follows the folder
                    waiting += sorted(self._opened(key[:-1]), reverse=True)
                elif row := self._row(key, kind):
                    yield row

    def listing(self, entries: Packed) -> Listing:
        """What a finished pass comes to, with those of its rows that are still to be told."""
        # clocks of file servers differ: what was touched last there also proves nothing
        settled_ns = min(self._now_ns, self._newest_ns) - _UNSETTLED_NS
        for folder in self._gone:
            self._folders.add(folder, None)
        return Listing(entries, not self._known, self._folders, settled_ns)

    def _changed(self) -> list[str]:
        changed: list[str] = []
        for folder, known_ns in self._known.items():
            at = self._time(folder)
            if at is None:
                self._gone.add(folder)
            elif at != known_ns:
                changed.append(folder)
        return changed

    def _time(self, folder: str) -> int | None:
        """When the folder itself was last changed; None where no plain folder stands."""
        try:
            # tens of thousands of times: a Path would double the price
            found = os.stat(f"{self._root}/{folder}", follow_symlinks=not folder)  # noqa: PTH116
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISDIR(found.st_mode):
            return None
        self._newest_ns = max(self._newest_ns, found.st_mtime_ns)
        return found.st_mtime_ns

    def _opened(self, folder: str) -> set[_Waiting]:
        """What one folder holds: documents, and the folders in it that nobody knows yet."""
        at = self._time(folder)  # before it is read: a change meanwhile must not be missed
        if at is None:
            self._gone.add(folder)
            return set()
        inside = set[_Waiting]()  # one that is made anew meanwhile may show twice
        before = f"{folder}/" if folder else ""
        with os.scandir(f"{self._root}/{folder}") as found:
            for entry in found:
                key = before + entry.name
                if entry.is_dir(follow_symlinks=False):
                    if self._is_unknown(key) and is_listed(key) and _is_key(key, entry.name):
                        inside.add((f"{key}/", None))
                elif (kind := kind_in(folder, entry.name)) and _is_key(key, entry.name):
                    inside.add((key, kind))
        self._folders.add(folder, at)
        self._gone.discard(folder)
        return inside

    def _is_unknown(self, folder: str) -> bool:
        # one that was gone a moment ago may be back
        return folder not in self._known or folder in self._gone

    def _row(self, key: str, kind: Kind) -> Row | None:
        """The document with its size and time; None where no plain file stands any more."""
        try:
            found = os.lstat(f"{self._root}/{key}")
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        return key, kind, found.st_size, found.st_mtime_ns


def _is_key(key: str, name: str) -> bool:
    """Whether a key below a folder that is one is a key: then only its last part can spoil it."""
    return len(key) <= MAX_KEY_BYTES and _is_part(name)


_is_part = lru_cache(1_000)(is_key)
"""Every run has the same names in it."""
