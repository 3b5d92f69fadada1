"""A store in a plain folder: the default, and the same tree a person browses.

A key is the path below the root. Writing is `durable`; temporary files live in one
folder of their own, so nothing half-written ever stands where keys are. Files that
are no keys (AIGen.yaml, a photograph called IMG 1.PNG) may lie beside ours: they
are neither listed nor touched.
"""

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from darkroom.adapters.stores.durable import (
    directory,
    kind_of,
    local_errors,
    read_whole,
    remove_older_than,
    unsafe_path,
    write_beside,
    write_durably,
)
from darkroom.adapters.stores.folder_listing import keys_below
from darkroom.adapters.stores.intake import checked_intake
from darkroom.adapters.stores.protocol import Stat
from darkroom.core.errors import KeyNotFound, StoreUnavailable
from darkroom.core.keys import checked_key, checked_prefix

STAGING = ".darkroom-tmp"
_LEFT_OVER_AFTER_S = 3600.0


class FolderStore:
    """Bytes under keys in one folder; safe to share between threads and processes."""

    def __init__(self, root: Path) -> None:
        self._shown = str(root)
        with local_errors(self._shown):
            root.mkdir(parents=True, exist_ok=True)
            self.root = root.resolve(strict=True)
            self._device = self.root.stat().st_dev
        self._clear_left_overs()

    @property
    def name(self) -> str:
        """The folder, as it was given."""
        return self._shown

    def close(self) -> None:
        """Nothing is held open between calls."""

    def put(self, key: str, data: bytes, content_type: str, *, lasting: bool = True) -> str:
        """Write durably, all or nothing; returns the sha256."""
        folder, name = _split(checked_intake(key, data, content_type))
        where = self._where(key)
        with local_errors(where), directory(self._present_root(), folder, create=True) as target:
            if kind_of(target, name) not in {None, stat.S_IFREG, stat.S_IFDIR}:
                raise unsafe_path(where)
            with directory(self.root, (STAGING,), create=True) as staging:
                write = write_durably if lasting else write_beside
                write(staging, target, name, data)
        return hashlib.sha256(data).hexdigest()

    def get(self, key: str) -> bytes:
        """Read the whole content, or raise KeyNotFound."""
        folder, name = _split(checked_key(key))
        where = self._where(key)
        data: bytes | None = None
        with local_errors(where), _absence(), directory(self._present_root(), folder) as parent:
            data = read_whole(parent, name, where)
        if data is None:
            raise KeyNotFound("store-key-missing", "the store has no such key", where=where)
        return data

    def head(self, key: str) -> Stat | None:
        """Say what is there, or None."""
        folder, name = _split(checked_key(key))
        where = self._where(key)
        with local_errors(where), _absence():
            with directory(self._present_root(), folder) as parent:
                found = os.stat(name, dir_fd=parent, follow_symlinks=False)
            if stat.S_ISREG(found.st_mode):
                return Stat(key, found.st_size, None, found.st_mtime)
            if not stat.S_ISDIR(found.st_mode):
                raise unsafe_path(where)
        return None

    def iter_keys(self, prefix: str = "", start_after: str = "") -> Iterator[str]:
        """Yield keys in ascending order, opening folders only as they are reached."""
        checked_prefix(prefix)
        checked_prefix(start_after)
        with local_errors(self._shown):
            root = self._present_root()
        return keys_below(root, prefix, start_after)

    def delete(self, key: str) -> None:
        """Remove the key; folders stay, and what is absent already is no error."""
        folder, name = _split(checked_key(key))
        where = self._where(key)
        with local_errors(where), _absence(), directory(self._present_root(), folder) as parent:
            kind = kind_of(parent, name)
            if kind == stat.S_IFREG:
                os.unlink(name, dir_fd=parent)  # nothing that may go must go for good
            elif kind not in {None, stat.S_IFDIR}:
                raise unsafe_path(where)

    def url_for(self, key: str) -> str:
        """The file address of the object."""
        return self.root.joinpath(checked_key(key)).as_uri()

    def _where(self, key: str) -> str:
        return f"{self._shown}/{key}"

    def _present_root(self) -> Path:
        """The root, unless the disk it was on is no longer mounted there."""
        with suppress(FileNotFoundError):
            if self.root.stat().st_dev != self._device:
                raise StoreUnavailable(
                    "store-root-missing",
                    "the disk this folder was on is not mounted any more",
                    where=self._shown,
                )
        return self.root

    def _clear_left_overs(self) -> None:
        with suppress(OSError), directory(self.root, (STAGING,)) as staging:
            remove_older_than(staging, time.time() - _LEFT_OVER_AFTER_S)


def _absence() -> suppress:
    """A folder of the key that is not there, or is a file, means: no such key."""
    return suppress(FileNotFoundError, NotADirectoryError)


def _split(key: str) -> tuple[list[str], str]:
    *folder, name = key.split("/")
    return folder, name
