"""The files of the spool: one per waiting object, named so that their order is their age.

A file holds one line of JSON about the object and then its bytes, and appears by one
rename: after kill -9 it is there whole or not at all. Nothing here removes bytes
except `remove`, which the caller may use only when a store has them.
"""

import fcntl
import hashlib
import json
import os
import re
import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darkroom.adapters.stores.durable import (
    directory,
    local_errors,
    read_whole,
    remove_older_than,
    sync_directory,
    write_durably,
)
from darkroom.core.errors import StoreCorrupt, StoreFull, StoreUnavailable
from darkroom.core.keys import is_key

_NAME = re.compile(r"(\d{20})-[0-9a-f]{8}-([0-9a-f]{32})\.entry\Z")
_STAGING = "tmp"
_ASIDE = "aside"
_PRIVATE = 0o600
_LOCK_POLL_S = 0.05
_LEFT_OVER_AFTER_S = 3600.0
_HEADER_BYTES = 4096


@dataclass(frozen=True)
class Entry:
    """One waiting file, as its name and size tell."""

    name: str
    order: int
    key_hash: str
    size_bytes: int


@dataclass(frozen=True)
class Letter:
    """What a waiting file holds."""

    key: str
    content_type: str
    sha256: str
    reason: str
    data: bytes


class SpoolFiles:
    """A folder of waiting objects, shared by all processes of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._keys: dict[str, str] = {}
        with suppress(OSError, StoreUnavailable), directory(folder, (_STAGING,)) as staging:
            remove_older_than(staging, time.time() - _LEFT_OVER_AFTER_S)

    def entries(self) -> list[Entry]:
        """Everything waiting, oldest first."""
        with local_errors(str(self.folder)):
            try:
                with os.scandir(self.folder) as found:
                    entries = [entry for item in found if (entry := _entry(item))]
            except FileNotFoundError:
                return []
        return sorted(entries, key=lambda entry: entry.name)

    def latest(self, key: str) -> Entry | None:
        """The youngest waiting file of the key."""
        wanted = _key_hash(key)
        matching = [entry for entry in self.entries() if entry.key_hash == wanted]
        return matching[-1] if matching else None

    def append(self, letter: Letter, max_bytes: int) -> None:
        """Keep the bytes durably behind everything that waits already."""
        waiting = self.entries()
        used = sum(entry.size_bytes for entry in waiting)
        if used + len(letter.data) > max_bytes:
            raise StoreFull(
                "spool-full",
                f"the spool holds {used} of {max_bytes} bytes; {len(letter.data)} more do not fit",
                where=str(self.folder),
            )
        order = max(time.time_ns(), waiting[-1].order + 1 if waiting else 0)
        name = f"{order:020d}-{secrets.token_hex(4)}-{_key_hash(letter.key)}.entry"
        with local_errors(str(self.folder)):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (
                directory(self.folder) as target,
                directory(self.folder, (_STAGING,), create=True) as staging,
            ):
                write_durably(staging, target, name, _encoded(letter), mode=_PRIVATE)

    def read(self, entry: Entry) -> Letter | None:
        """Read and verify one file; None when it has been delivered meanwhile."""
        with local_errors(str(self.folder)), directory(self.folder) as folder:
            content = read_whole(folder, entry.name, str(self.folder / entry.name))
        return None if content is None else _decoded(content, self.folder / entry.name)

    def waiting_keys(self) -> set[str]:
        """The keys that wait; only the first line of new files is read."""
        entries = self.entries()
        names = {entry.name for entry in entries}
        self._keys = {name: key for name, key in self._keys.items() if name in names}
        for name in names - self._keys.keys():
            if key := self._key_in(name):
                self._keys[name] = key
        return set(self._keys.values())

    def reason(self, entry: Entry) -> str | None:
        """Why a file waits: the code of the error that put it here."""
        return self._first_line(entry.name).get("reason")

    def _key_in(self, name: str) -> str | None:
        key = self._first_line(name).get("key")
        return key if isinstance(key, str) and is_key(key) else None

    def _first_line(self, name: str) -> dict[str, Any]:
        try:
            with (self.folder / name).open("rb") as file:
                return _header(file.readline(_HEADER_BYTES))
        except (OSError, ValueError):
            return {}  # delivered meanwhile, or damaged: draining will tell

    def remove(self, entry: Entry) -> None:
        """Forget a file whose bytes a store has."""
        with local_errors(str(self.folder)), directory(self.folder) as folder:
            with suppress(FileNotFoundError):
                os.unlink(entry.name, dir_fd=folder)
            sync_directory(folder)

    def set_aside(self, entry: Entry) -> None:
        """Move a file that can never be delivered out of the way of the others; keep it."""
        with (
            local_errors(str(self.folder)),
            directory(self.folder) as folder,
            directory(self.folder, (_ASIDE,), create=True) as aside,
        ):
            with suppress(FileNotFoundError):
                os.replace(entry.name, entry.name, src_dir_fd=folder, dst_dir_fd=aside)
            sync_directory(aside)

    def count_aside(self) -> int:
        """How many files lie aside."""
        try:
            return len(os.listdir(self.folder / _ASIDE))  # noqa: PTH208 - only the number
        except OSError:
            return 0

    @contextmanager
    def alone(self, wait_s: float) -> Generator[bool]:
        """Hold the right to deliver; False when another process has it for that long."""
        with local_errors(str(self.folder)):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
        try:
            yield _locked(handle, time.monotonic() + wait_s)
        finally:
            os.close(handle)


def _locked(handle: int, until: float) -> bool:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(_LOCK_POLL_S)
        else:
            return True


def _entry(item: os.DirEntry[str]) -> Entry | None:
    parts = _NAME.match(item.name)
    if not parts:
        return None
    try:
        size = item.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return None
    return Entry(item.name, int(parts[1]), parts[2], size)


def _key_hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _encoded(letter: Letter) -> bytes:
    header = {
        "v": 1,
        "key": letter.key,
        "content_type": letter.content_type,
        "sha256": letter.sha256,
        "reason": letter.reason,
    }
    return json.dumps(header).encode() + b"\n" + letter.data


def _header(line: bytes) -> dict[str, Any]:
    header: Any = json.loads(line)
    if not isinstance(header, dict):
        raise ValueError("no header")  # noqa: TRY004 - a damaged file, not a wrong argument
    return header  # pyright: ignore[reportUnknownVariableType]


def _decoded(content: bytes, path: Path) -> Letter:
    line, _, data = content.partition(b"\n")
    try:
        header = _header(line)
        letter = Letter(
            header["key"], header["content_type"], header["sha256"], header["reason"], data
        )
    except (ValueError, KeyError) as error:
        raise StoreCorrupt(
            "spool-damaged", "its first line is unreadable", where=str(path)
        ) from error
    if hashlib.sha256(data).hexdigest() != letter.sha256:
        raise StoreCorrupt("spool-damaged", "its bytes have changed since", where=str(path))
    return letter
