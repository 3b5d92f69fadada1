"""The engine's own folders: output/, temp/ and input/.

Owns names on disk: no name from outside may reach beyond its folder, and a saved
image never replaces another. What the files mean is no concern of this module.
"""

import os
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

KINDS = ("output", "temp", "input")
_ANNOTATED = re.compile(r"^(?P<name>.*?) ?\[(?P<kind>output|temp|input)\]$", re.DOTALL)


class UnsafeNameError(ValueError):
    """A name reaches outside its folder, or cannot be a name."""


@dataclass(frozen=True)
class Saved:
    """Where a file lies, as ComfyUI names it."""

    filename: str
    subfolder: str
    type: str


def annotated(name: str, default: str) -> tuple[str, str]:
    """Split "x.png [temp]" into name and folder."""
    match = _ANNOTATED.match(name)
    return (match["name"], match["kind"]) if match else (name, default)


class Folders:
    """The three folders under one root."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._next: dict[Path, int] = {}
        for kind in KINDS:
            (self.root / kind).mkdir(parents=True, exist_ok=True)

    def empty_temp(self) -> None:
        """Drop previews of an earlier process, as ComfyUI does at start."""
        shutil.rmtree(self.root / "temp", ignore_errors=True)
        (self.root / "temp").mkdir(exist_ok=True)

    def inside(self, kind: str, subfolder: str, name: str = "") -> Path:
        """The path of a name within a folder; refuses whatever would leave it."""
        if kind not in KINDS:
            raise UnsafeNameError(f"no folder is called {kind!r}")
        if any(ord(character) < 32 for character in subfolder + name):  # noqa: PLR2004 - controls
            raise UnsafeNameError("a name holds control characters")
        top = self.root / kind
        try:
            path = (top / subfolder / name).resolve()
        except (OSError, RuntimeError) as exc:  # a loop of links, a name too long
            raise UnsafeNameError("a name cannot be followed") from exc
        if path != top and top not in path.parents:
            raise UnsafeNameError("a name leaves its folder")
        return path

    def find(self, name: str, default: str = "input") -> Path | None:
        """The file an annotated name such as "sub/x.png [temp]" stands for, if there is one."""
        plain, kind = annotated(name, default)
        try:
            path = self.inside(kind, "", plain)
            return path if path.is_file() else None
        except (UnsafeNameError, OSError):
            return None

    def inputs(self, endings: tuple[str, ...]) -> list[str]:
        """Names of images lying directly in input/, in order."""
        entries = (self.root / "input").iterdir()
        return sorted(e.name for e in entries if e.name.lower().endswith(endings) and e.is_file())

    def save(self, kind: str, prefix: str, data: bytes) -> Saved:
        """Keep an image under the next free number of its prefix."""
        head, _, stem = prefix.rpartition("/")
        folder = self.inside(kind, head.lstrip("/"))
        self.inside(kind, head.lstrip("/"), f"{stem}_00001_.png")
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            path = folder / f"{stem}_{self._number(folder, stem):05}_.png"
            if _put_new(path, data):
                subfolder = folder.relative_to(self.root / kind).as_posix()
                return Saved(path.name, "" if subfolder == "." else subfolder, kind)

    def _number(self, folder: Path, stem: str) -> int:
        """One more than the highest in use; the folder is read once per prefix."""
        key = folder / stem
        if key not in self._next:
            pattern = re.compile(rf"^{re.escape(stem)}_(\d{{1,9}})_?\.png$", re.IGNORECASE)
            used = (pattern.match(entry.name) for entry in folder.iterdir())
            self._next[key] = max((int(match[1]) for match in used if match), default=0)
        self._next[key] += 1
        return self._next[key]


def _put_new(path: Path, data: bytes) -> bool:
    """Write a file whole or not at all; False where the name is taken."""
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        part.write_bytes(data)
        os.link(part, path)
    except FileExistsError:
        return False
    finally:
        part.unlink(missing_ok=True)
    return True


def replace(path: Path, data: bytes) -> None:
    """Write a file whole, taking the place of one that is there."""
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
