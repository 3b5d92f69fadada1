"""The bytes of many keys, as quickly as the store gives them.

Owns the difference between a folder, read one open folder at a time, and a server, asked
by several threads. What is wrong with one object is an answer, not the end.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import groupby, takewhile
from pathlib import Path

from darkroom.adapters.stores.durable import local_errors, read_whole
from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.spool import SpooledStore
from darkroom.core.errors import DarkroomError, KeyNotFound, StoreCorrupt, StoreDenied

_REQUESTS_AT_A_TIME = 8
_SMALL_BYTES = 2**20
_OPEN_ROOT = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_OPEN_FOLDER = _OPEN_ROOT | os.O_NOFOLLOW
_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
Content = bytes | DarkroomError | None
"""What a key holds, why it cannot be read, or None where nothing is there any more."""


def folder_of(store: Store) -> Path | None:
    """The folder a store is kept in, where it is one."""
    inner = store.store if isinstance(store, SpooledStore) else store
    return inner.root if isinstance(inner, FolderStore) else None


def contents(store: Store, keys: Sequence[str]) -> Iterator[tuple[str, Content]]:
    """Read the keys, in their order; raises when the store itself fails."""
    root = folder_of(store)
    if root is not None:
        yield from from_folder(root, keys)
        return
    with ThreadPoolExecutor(_REQUESTS_AT_A_TIME, thread_name_prefix="warehouse-read") as pool:
        yield from zip(keys, pool.map(partial(_asked, store), keys), strict=True)


def _asked(store: Store, key: str) -> Content:
    try:
        return store.get(key)
    except KeyNotFound:
        return None
    except StoreCorrupt as error:
        return error


def from_folder(root: Path, keys: Sequence[str]) -> Iterator[tuple[str, Content]]:
    """Read the keys of a folder store, in their order; raises when the folder itself fails."""
    with local_errors(str(root)), closing(_Way(root)) as way:
        for folder, some in groupby(keys, lambda key: key.rpartition("/")[0]):
            names = [key.rpartition("/")[2] for key in some]
            try:
                handle = way.to(folder.split("/") if folder else [])
            except (FileNotFoundError, NotADirectoryError):
                found: list[Content] = [None] * len(names)
            else:
                found = [_in_file(handle, name, f"{root}/{folder}/{name}") for name in names]
            before = f"{folder}/" if folder else ""
            yield from zip([before + name for name in names], found, strict=True)


class _Way:
    """The open folders from the root down to the one last asked for; none of them is a link."""

    def __init__(self, root: Path) -> None:
        self._handles = [os.open(root, _OPEN_ROOT)]
        self._segments: list[str] = []

    def to(self, segments: Sequence[str]) -> int:
        """Go to another folder, from where the ways part; OSError where it is not there."""
        pairs = zip(self._segments, segments, strict=False)
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        while len(self._segments) > shared:
            self._segments.pop()
            os.close(self._handles.pop())
        for segment in segments[shared:]:
            self._handles.append(os.open(segment, _OPEN_FOLDER, dir_fd=self._handles[-1]))
            self._segments.append(segment)
        return self._handles[-1]

    def close(self) -> None:
        """Close every folder."""
        for handle in self._handles:
            os.close(handle)


def _in_file(handle: int, name: str, where: str) -> Content:
    try:
        small = _small(handle, name)
        return read_whole(handle, name, where) if small is None else small
    except (StoreCorrupt, StoreDenied) as error:
        return error


def _small(folder: int, name: str) -> bytes | None:
    """A plain small file in as few calls as can be; None means: read it the careful way."""
    try:
        handle = os.open(name, _OPEN_FILE, dir_fd=folder)
    except OSError:
        return None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _SMALL_BYTES:
            return None
        data = os.read(handle, found.st_size + 1)
        return data if len(data) == found.st_size else None
    finally:
        os.close(handle)
