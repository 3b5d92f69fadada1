"""The weights folder: which files metrics need, whether they are there, whether they are right.

Owns trust in a file: its sha256 is compared before anything reads its content. The
digest comes from the table of metrics or, where that has none, from the first time
the file was listed (`pins.json` in the folder). What a metric does with the file
belongs to its scorer; nothing here is ever fetched from anywhere.
"""

import hashlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from darkroom.adapters.processes import held_lock
from darkroom.adapters.scorers.weights_sizes import about_mb
from darkroom.core.errors import DataError, UsageError
from darkroom.core.scoring.metrics import MetricSpec

PINS = "pins.json"
_WITHIN_S = 10.0
_NAMED_DIGEST = re.compile(r"-([0-9a-f]{8})\.[a-z]+$")
State = Literal["ready", "absent", "unlisted", "changed"]


@dataclass(frozen=True)
class NeededFile:
    """One file or folder that a metric needs."""

    file: str
    """Relative to the weights folder."""
    sha256: str | None
    """What the table of metrics says it must be."""
    size_mb: float | None
    licence: str


@dataclass(frozen=True)
class FoundFile:
    """What is known of a needed file."""

    needed: NeededFile
    path: Path
    state: State
    size_bytes: int | None = None
    sha256: str | None = None
    remark: str = ""


@dataclass(frozen=True)
class _Pin:
    sha256: str
    stamp: str
    """Sizes and times of change: while it stays, the digest is not computed again."""


def needed_by(spec: MetricSpec) -> tuple[NeededFile, ...]:
    """The files of a metric, its own first."""
    found: list[NeededFile] = []
    if spec.weight_file is not None:
        size_mb = about_mb(spec.weight_file)
        found.append(NeededFile(spec.weight_file, spec.sha256, size_mb, spec.licence))
    if (shared := spec.backbone) is not None:
        size_mb = about_mb(shared.file)
        found.append(NeededFile(shared.file, shared.sha256, size_mb, shared.licence))
    return tuple(found)


class WeightsFolder:
    """A folder of weights and the digests first seen in it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def look(self, needed: NeededFile, *, listing: bool = False) -> FoundFile:
        """What is known of a file; only a listing takes down the digest of one never seen."""
        path = self.root / needed.file
        if not path.exists():
            return FoundFile(needed, path, "absent")
        pin, stamp = self._pins().get(needed.file), _stamp(path)
        due = needed.sha256 or (pin.sha256 if pin else None)
        size = sum(part.stat().st_size for part in _parts(path))
        if due is None and not listing:
            return FoundFile(needed, path, "unlisted", size)
        known = pin.sha256 if pin is not None and pin.stamp == stamp else None
        sha256 = known or digest_of(path)
        if due is not None and sha256 != due:
            remark = f"has the sha256 {sha256[:16]}..., not {due[:16]}..."
            return FoundFile(needed, path, "changed", size, sha256, remark)
        if pin != (seen := _Pin(sha256, stamp)):
            self._write_pin(needed.file, seen)
        return FoundFile(needed, path, "ready", size, sha256, _named_otherwise(path, sha256))

    def take_down(self, file: str) -> None:
        """Take down the digest of a file as it is now, whatever it was before."""
        path = self.root / file
        if not path.exists():
            raise UsageError("weights-unknown", f"{file} is not in the weights folder", where=file)
        self._write_pin(file, _Pin(digest_of(path), _stamp(path)))

    def why_not(self, spec: MetricSpec) -> str | None:
        """Why a metric has no usable weights; None when it has, or needs none."""
        return next((why for one in needed_by(spec) if (why := reason(self.look(one)))), None)

    def digest_for(self, spec: MetricSpec) -> str | None:
        """One digest for all files of a metric; None where it needs none or lacks one."""
        found = [self.look(one) for one in needed_by(spec)]
        digests = [one.sha256 for one in found if one.state == "ready" and one.sha256]
        if not found or len(digests) < len(found):
            return None
        return digests[0] if len(digests) == 1 else _sha256(" ".join(digests).encode())

    def verified(self, needed: NeededFile) -> Path:
        """The path of a file or folder whose bytes have just been found right."""
        found = self.look(needed)
        if why := reason(found):
            raise DataError("weights-refused", why, where=needed.file)
        if digest_of(found.path) != found.sha256:
            raise _not_as_listed(needed)
        return found.path

    def verified_bytes(self, needed: NeededFile) -> bytes:
        """The bytes of a file, checked themselves, so that nothing can change in between."""
        found = self.look(needed)
        if why := reason(found):
            raise DataError("weights-refused", why, where=needed.file)
        data = found.path.read_bytes()
        if _sha256(data) != found.sha256:
            raise _not_as_listed(needed)
        return data

    def _pins(self) -> dict[str, _Pin]:
        try:
            said: object = json.loads((self.root / PINS).read_bytes())
        except (OSError, ValueError):
            return {}
        rows = cast("dict[str, dict[str, str]]", said) if isinstance(said, dict) else {}
        try:
            return {file: _Pin(row["sha256"], row["stamp"]) for file, row in rows.items()}
        except (KeyError, TypeError):
            return {}

    def _write_pin(self, file: str, pin: _Pin) -> None:
        def busy() -> UsageError:
            return UsageError("weights-busy", "another process writes there", where=PINS)

        try:
            with held_lock(self.root / ".pins.lock", time.monotonic() + _WITHIN_S, busy):
                pins = self._pins() | {file: pin}
                part = self.root / f".{PINS}.part"
                part.write_text(json.dumps({name: vars(one) for name, one in pins.items()}))
                part.replace(self.root / PINS)
        except OSError as exc:
            message = f"the digest cannot be written down: {exc.strerror}"
            raise UsageError("weights-not-writable", message, where=PINS) from exc


def reason(found: FoundFile) -> str | None:
    """Why a file cannot be used: which one, where it belongs, how large, on what terms."""
    file = found.needed.file
    match found.state:
        case "ready":
            return None
        case "absent":
            size = found.needed.size_mb
            how_large = f"about {size:g} MB, " if size is not None else ""
            return (
                f"{file} is not in the weights folder ({how_large}licence: {found.needed.licence})"
            )
        case "unlisted":
            return f"the sha256 of {file} is not known yet: run `darkroom weights check` once"
        case "changed":
            return f"{file} {found.remark}: it was changed or is another file, and is not read"


def digest_of(path: Path) -> str:
    """The sha256 of a file, or of the names and digests of all files in a folder."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    lines = [f"{part.relative_to(path).as_posix()} {digest_of(part)}\n" for part in _parts(path)]
    return _sha256("".join(lines).encode())


def _parts(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    else:
        yield from sorted(part for part in path.rglob("*") if part.is_file())


def _stamp(path: Path) -> str:
    """Names, sizes and times of change; the latter cannot be set back by hand."""
    lines = [
        f"{part.relative_to(path.parent).as_posix()} {stat.st_size} {stat.st_ctime_ns}"
        for part in _parts(path)
        for stat in [part.stat()]
    ]
    return _sha256("\n".join(lines).encode())


def _named_otherwise(path: Path, sha256: str) -> str:
    """Checkpoints are often named after the beginning of their digest."""
    named = _NAMED_DIGEST.search(path.name)
    if named is None or sha256.startswith(named[1]):
        return ""
    return f"its name says that its sha256 begins with {named[1]}, but it begins with {sha256[:8]}"


def _not_as_listed(needed: NeededFile) -> DataError:
    message = f"{needed.file} is not the file whose sha256 was listed"
    return DataError("weights-refused", message, where=needed.file)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
