"""Many objects at once, each durable before the next step, at the cost of a few waits for the disk.

Owns the order: all bytes beside, one wait for the disk, all names, one wait per folder. After
a crash every key holds all of its bytes or none, as with `put`; what was not named yet is
left over in the staging folder and cleared by the next store. Stores over a network get
their objects one by one, several at a time.
"""

import hashlib
import os
import secrets
import stat
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from darkroom.adapters.stores.durable import (
    directory,
    kind_of,
    local_errors,
    sync_directory,
    unsafe_path,
)
from darkroom.adapters.stores.folder import STAGING, FolderStore
from darkroom.adapters.stores.intake import checked_intake
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.spool import SpooledStore
from darkroom.core.errors import StoreCorrupt

_AT_A_TIME = 8
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Parcel:
    """One object to be written."""

    key: str
    data: bytes
    content_type: str
    sha256: str | None = None
    """What the bytes hash to, where the caller knows."""


def put_many(store: Store, parcels: Sequence[Parcel]) -> None:
    """Write them all durably; when this returns, every one of them is in the store."""
    plain = (
        store.store if isinstance(store, SpooledStore) and not store.pending().waiting else store
    )
    if isinstance(plain, FolderStore):
        _into_folder(plain, parcels)
        return
    with ThreadPoolExecutor(_AT_A_TIME) as threads:
        list(threads.map(partial(_put, store), parcels))


def _put(store: Store, parcel: Parcel) -> None:
    said = store.put(parcel.key, parcel.data, parcel.content_type)
    if said != (parcel.sha256 or hashlib.sha256(parcel.data).hexdigest()):
        where = f"{store.name}/{parcel.key}"
        raise StoreCorrupt(
            "commit-differs", "the store took other bytes than it was given", where=where
        )


def _into_folder(store: FolderStore, parcels: Sequence[Parcel]) -> None:
    for parcel in parcels:
        checked_intake(parcel.key, parcel.data, parcel.content_type)
    if not parcels:
        return
    with local_errors(store.name), directory(store.root, (STAGING,), create=True) as staging:
        written = [(parcel.key, _beside(staging, parcel.data)) for parcel in parcels]
        _flush(staging, (temporary for _, temporary in written))
        _name_all(store, staging, written)


def _beside(staging: int, data: bytes) -> str:
    name = f".{secrets.token_hex(8)}.tmp"
    handle = os.open(name, _CREATE, 0o666, dir_fd=staging)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
    finally:
        os.close(handle)
    return name


def _flush(staging: int, names: Iterable[str]) -> None:
    """Wait until the bytes are on the disk; Linux's sync waits for all of them at once."""
    if sys.platform == "linux":
        os.sync()
        return
    for name in names:
        handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=staging)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _name_all(store: FolderStore, staging: int, written: Iterable[tuple[str, str]]) -> None:
    folders: dict[str, int] = {}
    with ExitStack() as opened:
        for key, temporary in written:
            folder, _, name = key.rpartition("/")
            if folder not in folders:
                segments = folder.split("/") if folder else []
                folders[folder] = opened.enter_context(directory(store.root, segments, create=True))
            if kind_of(folders[folder], name) not in {None, stat.S_IFREG}:
                raise unsafe_path(f"{store.name}/{key}")
            os.replace(temporary, name, src_dir_fd=staging, dst_dir_fd=folders[folder])
        for handle in folders.values():
            sync_directory(handle)
