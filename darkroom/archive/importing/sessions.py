"""The folders of a source: which images belong together, and what lies beside them.

Owns the walk and the recognition: a folder with a manifest, with an older tool's session
file, or just with images. Opens no image.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from darkroom.core.errors import UsageError

Kind = Literal["sdgen", "sdgen-old", "folder"]
MANIFEST = "manifest.json"
OLD_CONFIG = "session_config.txt"
OLD_METADATA = "metadata.json"
_PICTURE = re.compile(r".*\.(?:png|jpe?g|webp)\Z", re.IGNORECASE | re.DOTALL)
_WHEN = re.compile(
    r"(?P<y>20\d\d)-?(?P<m>[01]\d)-?(?P<d>[0-3]\d)"
    r"(?:[T_ -]?(?P<H>[0-2]\d)[-:]?(?P<M>[0-5]\d)[-:]?(?P<S>[0-5]\d))?"
)


@dataclass(frozen=True)
class Session:
    """One folder with images directly in it, or named by its manifest."""

    root: Path
    """The folder that is imported."""
    name: str
    """Its place below the root, with slashes; `.` for the root itself."""
    kind: Kind
    images: tuple[str, ...]
    """Names of image files in it, sorted."""
    files: frozenset[str]
    """All names in it."""
    alone: tuple[str, ...] = ()
    """Sidecars whose image is not there, sorted."""

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self.root / self.name

    @property
    def title(self) -> str:
        """What a person calls it: its own name."""
        return self.folder.resolve().name if self.name == "." else self.name.rpartition("/")[2]


def scan(root: Path) -> list[Session]:
    """Find every session below a folder; links and hidden folders are passed over."""
    if not root.is_dir():
        raise UsageError("import-folder", "is no folder that can be read", where=str(root))
    return list(_sessions(root))


def _sessions(root: Path) -> Iterator[Session]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files = frozenset(name for name in names if not name.startswith("."))
        images = tuple(sorted(name for name in files if _PICTURE.match(name)))
        kind, alone = _kind(files), _alone(files)
        if images or alone or kind == "sdgen":
            name = Path(folder).relative_to(root).as_posix()
            yield Session(root, name, kind, images, files, alone)


def _alone(files: frozenset[str]) -> tuple[str, ...]:
    speaking = {name: name.removesuffix(".json") for name in files if name.endswith(".json")}
    return tuple(
        sorted(
            name for name, image in speaking.items() if _PICTURE.match(image) and image not in files
        )
    )


def _kind(files: frozenset[str]) -> Kind:
    if MANIFEST in files:
        return "sdgen"
    return "sdgen-old" if OLD_CONFIG in files else "folder"


def moment_in(text: str) -> datetime | None:
    """The first date, with or without a time, that a name or a value holds."""
    found = _WHEN.search(text)
    if found is None:
        return None
    numbers = [int(found[name] or 0) for name in ("y", "m", "d", "H", "M", "S")]
    try:
        return datetime(*numbers, tzinfo=UTC)
    except ValueError:
        return None
