"""What was said on this machine and may not be in the warehouse's snapshot yet.

Owns one file of lines under the home folder. It is derived: every event in it lies in
the store already, so a journal that cannot be written, or is lost, costs nothing but
freshness until the next sync. Each line names the action its event was part of, which
is what `darkroom undo` takes back.
"""

import fcntl
import os
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import orjson

from darkroom.adapters.settings import Lab

FILE = ".darkroom/annotations.jsonl"
Document = Mapping[str, object]


@dataclass(frozen=True)
class Line:
    """One event, and the action it was part of."""

    action: str
    event: Document

    @property
    def id(self) -> str:
        """The event's id."""
        return str(self.event.get("id"))


class Journal:
    """The lines of one file, shared between processes under a lock on the file itself."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, action: str, events: Sequence[Document]) -> bool:
        """Append the events of one action; whether that could be done."""
        data = b"".join(_written(Line(action, event)) for event in events)
        with suppress(OSError), self._opened(os.O_RDWR | os.O_CREAT | os.O_APPEND) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            os.write(file, data)
            return True
        return False

    def lines(self) -> list[Line]:
        """Everything in the journal, oldest first; torn lines are left out."""
        with suppress(OSError), self._opened(os.O_RDONLY) as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return _read(_whole(file))
        return []

    def drop(self, ids: Collection[str]) -> None:
        """Forget the events of these ids."""
        with suppress(OSError), self._opened(os.O_RDWR) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            kept = [line for line in _read(_whole(file)) if line.id not in ids]
            data = b"".join(_written(line) for line in kept)
            # in place: another process may hold this very file open, waiting for the lock
            os.ftruncate(file, 0)
            os.pwrite(file, data, 0)

    @contextmanager
    def _opened(self, flags: int) -> Generator[int]:
        if flags & os.O_CREAT:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            yield file
        finally:
            os.close(file)


def journal_of(lab: Lab) -> Journal:
    """This machine's journal for a laboratory."""
    return Journal(lab.path(FILE))


def _whole(file: int) -> bytes:
    return os.pread(file, os.fstat(file).st_size, 0)


def _written(line: Line) -> bytes:
    # one write of whole lines, each opened by its own newline: a torn one spoils itself only
    return b"\n" + orjson.dumps({"action": line.action, "event": line.event})


def _read(data: bytes) -> list[Line]:
    found: list[Line] = []
    for text in data.split(b"\n"):
        with suppress(ValueError, TypeError, KeyError):
            loaded = cast("Document", orjson.loads(text))
            event = loaded["event"]
            if isinstance(event, dict):
                found.append(Line(str(loaded["action"]), cast("Document", event)))
    return found
