"""Locks between the processes of one machine; the kernel releases them when a process dies.

Owns one small file per lock, with the pid and the start time of its holder for
messages. A file left by a killed process holds nothing: the next one takes it over.
Machines that share a store are told apart by `machine`; locks do not reach across them.
"""

import fcntl
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from darkroom.core.errors import StoreUnavailable, UsageError

_STARTED = datetime.now(UTC).isoformat(timespec="seconds")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,200}\Z")
_POLL_S = 0.02
_SLOWEST_POLL_S = 0.25


Look: TypeAlias = Callable[[], None]


def _nothing() -> None:
    return


class Locks:
    """All locks of one machine's state folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.machine = _machine(folder)
        except OSError as exc:
            message = f"the folder for locks cannot be used: {exc.strerror}"
            raise StoreUnavailable("locks-unavailable", message, where=str(folder)) from exc

    @contextmanager
    def held(self, name: str, wait_s: float = 0.0, look: Look = _nothing) -> Generator[None]:
        """Hold the lock; UsageError with the holder's pid when it stays taken for that long.

        `look` is called now and then while waiting, and may raise to end the wait.
        """
        with self.tried(name, wait_s, look) as taken:
            if not taken:
                raise UsageError(
                    "lock-busy",
                    f"{name} is being worked on by {self.holder(name)}",
                    where=str(self.folder),
                )
            yield

    @contextmanager
    def tried(self, name: str, wait_s: float = 0.0, look: Look = _nothing) -> Generator[bool]:
        """Hold the lock if it can be had in that time; yields whether it is held."""
        path = self._path(name)
        try:
            handle = _acquire(path, time.monotonic() + wait_s, look)
        except OSError as exc:
            message = f"a lock cannot be taken: {exc.strerror}"
            raise StoreUnavailable("locks-unavailable", message, where=str(path)) from exc
        try:
            yield handle is not None
        finally:
            if handle is not None:
                with suppress(FileNotFoundError):
                    path.unlink()  # before the release: who waits sees that the file is gone
                os.close(handle)

    def holder(self, name: str) -> str:
        """Who holds the lock, for messages."""
        try:
            note = json.loads(self._path(name).read_text(encoding="utf-8"))
            return f"process {int(note['pid'])}, started {str(note['started'])[:40]}"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"

    def _path(self, name: str) -> Path:
        if not _NAME.match(name):
            raise UsageError("key-invalid", f"{name[:80]!r} cannot name a lock")
        return self.folder / f"{name}.lock"


def _acquire(path: Path, until: float, look: Look) -> int | None:
    pause_s = _POLL_S
    while (handle := _attempt(path)) is None:
        look()
        if time.monotonic() >= until:
            return None
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, _SLOWEST_POLL_S)
    note = json.dumps({"pid": os.getpid(), "started": _STARTED})
    os.ftruncate(handle, 0)
    os.write(handle, note.encode())
    return handle


def _attempt(path: Path) -> int | None:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # the holder before us may have removed the file between our open and our lock
        if os.fstat(handle).st_ino == path.stat().st_ino:
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(handle)
    return None


def _machine(folder: Path) -> str:
    """A random name for this machine, made once; says nothing about it."""
    path = folder / "machine"
    with suppress(FileExistsError):
        staged = folder / f"machine.{secrets.token_hex(4)}"
        staged.write_text(secrets.token_hex(8), encoding="ascii")
        try:
            os.link(staged, path)  # unlike a rename, fails where another process was first
        finally:
            staged.unlink()
    return path.read_text(encoding="ascii").strip()
