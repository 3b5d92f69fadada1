"""Files on a local disk: written whole or not at all, and never through a symbolic link.

Every path is walked one segment at a time from an open root, refusing links as it
goes, so nothing outside can be reached even while someone rearranges the tree.
Owns what an `OSError` means for a store. Knows no keys. POSIX only.
"""

import errno
import os
import secrets
import stat
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from darkroom.adapters.stores.intake import MAX_OBJECT_BYTES
from darkroom.core.errors import (
    DarkroomError,
    StoreCorrupt,
    StoreDenied,
    StoreError,
    StoreFull,
    StoreUnavailable,
)

_OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# without O_NONBLOCK a named pipe in the tree would hold its reader for ever
_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_RIGHT = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NO_DIRECTORY_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP})


@contextmanager
def local_errors(where: str) -> Generator[None]:
    """Translate what the file system raises into what a store raises."""
    try:
        yield
    except OSError as error:
        raise _meaning(error, where) from error


def _meaning(error: OSError, where: str) -> DarkroomError:
    said = error.strerror or str(error)
    if error.errno in _NO_ROOM:
        return StoreFull("store-full", f"no room to write: {said}", where=where)
    if error.errno in _NO_RIGHT:
        return StoreDenied(
            "store-not-permitted", f"the file system does not permit it: {said}", where=where
        )
    if error.errno == errno.ELOOP:
        return unsafe_path(where)
    if error.errno in {errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY}:
        return StoreError(
            "store-key-conflict",
            "one key cannot be both an object and a folder of others",
            where=where,
        )
    return StoreUnavailable("store-io-failed", f"the file system failed: {said}", where=where)


def unsafe_path(where: str) -> StoreDenied:
    """The error for a symbolic link, pipe or device where a plain file or folder belongs."""
    return StoreDenied(
        "store-path-unsafe", "a link or special file stands in the path", where=where
    )


@contextmanager
def directory(root: Path, segments: Sequence[str] = (), *, create: bool = False) -> Generator[int]:
    """Open a folder below the root, link-free all the way; FileNotFoundError when absent."""
    try:
        current = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as error:
        # must not pass for an absent key: the disk may only be unmounted
        raise StoreUnavailable(
            "store-root-missing", "the folder of the store is gone", where=str(root)
        ) from error
    try:
        for segment in segments:
            below = _step(current, segment, create=create)
            os.close(current)
            current = below
        yield current
    finally:
        os.close(current)


def _step(parent: int, segment: str, *, create: bool) -> int:
    try:
        return os.open(segment, _OPEN_DIRECTORY, dir_fd=parent)
    except NotADirectoryError:
        if kind_of(parent, segment) == stat.S_IFLNK:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
        raise
    except FileNotFoundError:
        if not create:
            raise
    with suppress(FileExistsError):
        os.mkdir(segment, dir_fd=parent)
        sync_directory(parent)
    return os.open(segment, _OPEN_DIRECTORY, dir_fd=parent)


def kind_of(parent: int, name: str) -> int | None:
    """What stands under the name (stat.S_IFREG, S_IFDIR, S_IFLNK ...), or None."""
    try:
        return stat.S_IFMT(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return None


def write_durably(staging: int, target: int, name: str, data: bytes, *, mode: int = 0o666) -> None:
    """Write beside, sync, rename, sync: after a crash the name holds all of the bytes or none."""
    write_beside(staging, target, name, data, mode=mode, is_synced=True)
    sync_directory(target)


def write_beside(
    staging: int, target: int, name: str, data: bytes, *, mode: int = 0o666, is_synced: bool = False
) -> None:
    """Write beside and rename: nobody ever sees a part of it; a loss of power may take it."""
    if os.fstat(staging).st_dev != os.fstat(target).st_dev:
        staging = target  # a disk is mounted inside the tree, and a rename cannot cross over
    temporary = f".{secrets.token_hex(8)}.tmp"
    try:
        _write(staging, temporary, data, mode, is_synced=is_synced)
        os.replace(temporary, name, src_dir_fd=staging, dst_dir_fd=target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=staging)
        raise


def _write(folder: int, name: str, data: bytes, mode: int, *, is_synced: bool) -> None:
    handle = os.open(name, _CREATE_FILE, mode, dir_fd=folder)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
        if is_synced:
            os.fsync(handle)
    finally:
        os.close(handle)


def sync_directory(folder: int) -> None:
    """Make names durable, where the file system can (some network ones cannot)."""
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in _NO_DIRECTORY_SYNC:
            raise


def read_whole(folder: int, name: str, where: str) -> bytes | None:
    """Read a plain file; None when there is none under the name."""
    try:
        handle = os.open(name, _OPEN_FILE, dir_fd=folder)
    except FileNotFoundError:
        return None
    try:
        return _content(handle, where)
    finally:
        os.close(handle)


def _content(handle: int, where: str) -> bytes | None:
    found = os.fstat(handle)
    if stat.S_ISDIR(found.st_mode):
        return None
    if not stat.S_ISREG(found.st_mode):
        raise unsafe_path(where)
    if found.st_size > MAX_OBJECT_BYTES:
        raise StoreCorrupt(
            "store-content-differs",
            f"{found.st_size} bytes are more than any object has",
            where=where,
        )
    with open(handle, "rb", buffering=0, closefd=False) as file:
        data = file.readall()
    if len(data) != found.st_size:
        raise StoreUnavailable("store-io-failed", "the file changed while it was read", where=where)
    return data


def remove_older_than(folder: int, oldest_kept: float) -> None:
    """Remove what crashed writers left behind; best effort, a reader needs none of it."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_file(follow_symlinks=False):
                continue
            if entry.stat(follow_symlinks=False).st_mtime < oldest_kept:
                os.unlink(entry.name, dir_fd=folder)
