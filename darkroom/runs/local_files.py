"""The few files of a run that change in place, beside the project: written whole or not at all.

Owns checkpoint.json, the live AIGen.yaml and output/. Everything else of a run is
written once, into the store. Links are not followed out of the project.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import cast

from darkroom.adapters.confined import Refused, is_inside, read_bounded
from darkroom.adapters.stores.durable import (
    directory,
    local_errors,
    unsafe_path,
    write_durably,
)

_MAX_BYTES = 1_000_000


def replace_file(folder: Path, name: str, data: bytes) -> Path:
    """Write the file durably in place of an older one; the project's folder is the root."""
    path = folder / name
    *parents, last = name.split("/")
    with local_errors(str(path)):
        if not is_inside(path, [folder]):
            raise unsafe_path(str(path))
        with directory(folder, parents, create=True) as target:
            write_durably(target, target, last, data)
    return path


def read_object(path: Path) -> dict[str, object] | None:
    """A JSON object of ours; None when it is absent or damaged, which decides the same."""
    with suppress(Refused, ValueError, RecursionError):
        if os.path.lexists(path):
            found: object = json.loads(read_bounded(path, _MAX_BYTES))
            return cast("dict[str, object]", found) if isinstance(found, dict) else None
    return None


def remove_file(path: Path) -> None:
    """Remove the file if it is there."""
    with local_errors(str(path)):
        path.unlink(missing_ok=True)
