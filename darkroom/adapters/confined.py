"""Reading files that a project names, and nothing beyond.

Owns containment: a name is joined to a root, every symbolic link is followed, and
what then lies outside the allowed roots is refused. Also reads only regular files
of bounded size, so that neither a pipe nor a device can hold a command up.
"""

import os
import stat
from collections.abc import Sequence
from pathlib import Path


class Refused(ValueError):
    """A file that may not be read; the text says why. Turned into a `Problem` by callers."""


def real(path: Path) -> Path:
    """The path with every symbolic link followed; a loop stays where it starts to turn."""
    return Path(os.path.realpath(path))


def is_inside(path: Path, roots: Sequence[Path]) -> bool:
    """Whether a path, with links followed, lies in one of the folders."""
    target = real(path)
    return any(target.is_relative_to(real(root)) for root in roots)


def find_file(name: str, places: Sequence[Path], roots: Sequence[Path]) -> Path | None:
    """The first file of that name, or None; one that lies outside the roots is refused."""
    for place in places:
        candidate = joined(place, name)
        if not is_inside(candidate, roots):
            raise Refused("leads out of the project and the defaults")
        if os.path.lexists(candidate):
            checked_regular(candidate)
            return candidate
    return None


def joined(place: Path, name: str) -> Path:
    """A name under a folder; refuses what no file system takes."""
    if "\0" in name:
        raise Refused("holds a NUL character")
    if len(os.fsencode(name)) > _LONGEST_NAME:
        raise Refused("is too long for a file name")
    return place / name.replace("\\", "/")


_LONGEST_NAME = 1024


def checked_regular(path: Path) -> os.stat_result:
    """Refuse what is no regular file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        raise Refused("is a link that leads nowhere") from None
    except OSError as error:
        raise Refused(f"cannot be read ({os.strerror(error.errno or 0)})") from error
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "no regular file"
        raise Refused(f"is {kind}")
    return found


def read_bounded(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most `limit` bytes."""
    size = checked_regular(path).st_size
    if size > limit:
        raise Refused(f"is {size} bytes long; {limit} are allowed")
    try:
        # a pipe put in its place since the check must not make open() wait
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise Refused(f"cannot be read ({os.strerror(error.errno or 0)})") from error
    if len(data) > limit:
        raise Refused(f"is longer than the {limit} bytes that are allowed")
    return data
