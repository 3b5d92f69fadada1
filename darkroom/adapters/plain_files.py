"""Single files a person names on the command line: read whole, written once.

Owns what can go wrong with such a path. Stores have their own rules; nothing
here follows them, and nothing of a run is written here.
"""

import os
import stat
from pathlib import Path

from darkroom.core.errors import UsageError


def read_file(path: Path, limit_bytes: int) -> bytes:
    """The file's bytes, at most one more than the limit, so that a reader can refuse it."""
    try:
        # without O_NONBLOCK a named pipe would hold the reader for ever
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UsageError("file-unreadable", "is not a plain file", where=str(path))
            return file.read(limit_bytes + 1)
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise UsageError("file-unreadable", f"cannot be read: {reason}", where=str(path)) from exc


def write_new_file(path: Path, data: bytes) -> None:
    """Write a file that does not exist yet; half a file is never left behind."""
    try:
        file = path.open("xb")
    except (OSError, ValueError) as exc:
        raise _not_written(path, exc) from exc
    try:
        with file:
            file.write(data)
    except OSError as exc:
        path.unlink(missing_ok=True)
        raise _not_written(path, exc) from exc


def _not_written(path: Path, exc: Exception) -> UsageError:
    reason = getattr(exc, "strerror", None) or str(exc)
    return UsageError("file-not-written", f"cannot be written: {reason}", where=str(path))
