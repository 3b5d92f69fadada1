"""Sidecars in files a person names: read one, check many against their images.

Owns the search through a folder and the comparison with the image beside each
sidecar. A bad sidecar never hides the good ones: each gets its own row.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from darkroom.adapters.images import MAX_BYTES as MAX_IMAGE_BYTES
from darkroom.adapters.plain_files import read_file
from darkroom.core.errors import DarkroomError, SidecarDamaged, UsageError
from darkroom.core.keys import is_key, is_run_id
from darkroom.core.sidecar import MAX_BYTES, Form, Reading, read_any

Status = Literal["whole", "readable", "newer", "damaged", "image missing", "image differs"]
BAD: frozenset[Status] = frozenset({"damaged", "image missing", "image differs"})
_SIDECAR = re.compile(r".*\.(?:png|jpe?g|webp)\.json\Z", re.IGNORECASE)
_METADATA = re.compile(r"(?:iteration_\d+|output)_metadata\.json\Z")


@dataclass(frozen=True)
class Checked:
    """One sidecar file: whether it can be used, and every reason why not wholly."""

    file: str
    status: Status
    form: Form | None
    details: tuple[str, ...]

    @property
    def is_bad(self) -> bool:
        """Whether the image can not be counted on."""
        return self.status in BAD


def read_sidecar(path: Path) -> Reading:
    """Read one file in any known form; its place decides which image it may claim."""
    data = read_file(path, MAX_BYTES)
    try:
        return read_any(data, key_of(path))
    except SidecarDamaged as damage:
        damage.where = f"{path}#{damage.where.partition('#')[2]}".rstrip("#")
        raise


def key_of(path: Path) -> str | None:
    """The store key a path stands for, where it lies in a run's folder; else None."""
    parts = path.absolute().parts
    for place in range(len(parts) - 2, 1, -1):
        if parts[place] == "working" and is_run_id(parts[place + 1]):
            key = "/".join(parts[place - 1 :])
            return key if is_key(key) else None
    return None


def check(places: Iterable[Path]) -> list[Checked]:
    """Check files, and all sidecars within folders."""
    return [_checked(path) for place in places for path in _files(place)]


def _files(place: Path) -> Iterator[Path]:
    if not place.is_dir():
        yield place
        return
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if _SIDECAR.match(name) or _METADATA.match(name):
                yield Path(folder, name)


def _checked(path: Path) -> Checked:
    try:
        reading = read_sidecar(path)
    except SidecarDamaged as damage:
        status = "newer" if damage.code == "sidecar-newer" else "damaged"
        return Checked(str(path), status, None, (f"[{damage.code}] {damage.message}",))
    except UsageError as error:
        return Checked(str(path), "damaged", None, (f"[{error.code}] {error.message}",))
    details = tuple(str(each) for each in (*reading.unusable, *reading.unknown, *reading.notes))
    status, reason = _image_beside(path, reading)
    if status is None:
        status = "whole" if reading.is_whole else "readable"
    return Checked(str(path), status, reading.form, reason + details)


def _image_beside(path: Path, reading: Reading) -> tuple[Status | None, tuple[str, ...]]:
    if not _SIDECAR.match(path.name):
        return None, ()
    image = path.with_suffix("")
    try:
        data = read_file(image, MAX_IMAGE_BYTES)
    except DarkroomError as error:
        return "image missing", (f"{image.name} {error.message}",)
    expected = reading.sidecar.identity.sha256
    if expected is not None and hashlib.sha256(data).hexdigest() != expected:
        return "image differs", (f"{image.name} does not have the sha256 the sidecar names",)
    return None, ()
