"""Walks a folder in the order of keys, opening no more folders than it must.

The order is that of the whole keys, not of the names in one folder: `a-b` comes
before `a/x`, because `-` comes before `/`. What is not a key of ours is passed over.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from darkroom.adapters.stores.durable import directory, local_errors
from darkroom.core.keys import is_key


def keys_below(root: Path, prefix: str, start_after: str) -> Iterator[str]:
    """Yield keys with the prefix, greater than `start_after`, in ascending order."""
    folder = prefix.rpartition("/")[0]
    frames = [iter(_entries(root, folder, prefix, start_after))]
    while frames:
        path = next(frames[-1], None)
        if path is None:
            frames.pop()
        elif path.endswith("/"):
            frames.append(iter(_entries(root, path[:-1], prefix, start_after)))
        else:
            yield path


def _entries(root: Path, folder: str, prefix: str, start_after: str) -> list[str]:
    """The files and, with a closing slash, the folders in one folder that may hold keys."""
    before = f"{folder}/" if folder else ""
    paths = (before + name for name in _names(root, folder))
    return sorted(path for path in paths if _wanted(path, prefix, start_after))


def _names(root: Path, folder: str) -> list[str]:
    with local_errors(str(root / folder)):
        try:
            with directory(root, folder.split("/") if folder else ()) as handle:
                return _plain_names(handle)
        except (FileNotFoundError, NotADirectoryError):
            return []  # removed since it was listed, or never there


def _plain_names(handle: int) -> list[str]:
    names: list[str] = []
    with os.scandir(handle) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                names.append(f"{entry.name}/")
            elif entry.is_file(follow_symlinks=False):
                names.append(entry.name)
    return names


def _wanted(path: str, prefix: str, start_after: str) -> bool:
    if path.endswith("/"):
        below = path.startswith(prefix) or prefix.startswith(path)
        return below and (path > start_after or start_after.startswith(path)) and is_key(path[:-1])
    return path.startswith(prefix) and path > start_after and is_key(path)
