"""Where the resident process of a device is found, and which code it runs.

Owns the name of its socket, also where the folder's own name is too long for one,
and the marks by which a client tells a process of today from one that was started
by an older installation or with other weights.
"""

import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from darkroom import __version__
from darkroom.core.errors import OutsideError

_LONGEST = 100
"""Bytes; systems differ between 104 and 108."""


@dataclass(frozen=True)
class ScoringPlace:
    """Where scores come from on this machine."""

    folder: Path
    """Socket, log and cache; `<lab home>/.darkroom/scoring`."""
    weights: Path
    """The weights folder; `<lab home>/.darkroom/weights` unless configured."""
    device: str = "auto"
    """`auto`, `cpu`, `cuda`, `cuda:1`; one resident process per device."""
    idle_s: float = 600.0
    """The process ends itself after so long without work."""
    scorers: str = "darkroom.adapters.scorers.resident_tiers:openings"
    """Which function opens scorers over there; tests bring their own."""

    @property
    def name(self) -> str:
        """The stem of the files of this device's process."""
        return re.sub(r"[^a-z0-9]+", "-", self.device.lower()) or "auto"

    @property
    def log(self) -> Path:
        """What the process printed."""
        return self.folder / f"{self.name}.log"

    @property
    def cache(self) -> Path:
        """What was measured before."""
        return self.folder / "scores.sqlite"


def socket_path(folder: Path, name: str) -> Path:
    """The socket beside the lock, or in a private folder where that path is too long."""
    path = folder.resolve() / f"{name}.sock"
    if len(os.fsencode(path)) <= _LONGEST:
        return path
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    private = Path(tempfile.gettempdir()) / f"darkroom-{os.getuid()}"
    private.mkdir(mode=0o700, exist_ok=True)
    found = private.lstat()
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) != stat.S_IRWXU:
        message = f"{private} belongs to another user or is open to others"
        raise OutsideError("scoring-not-started", message, where=str(private))
    return private / f"{digest}.sock"


def marks_of(weights: Path, device: str, scorers: str) -> dict[str, str]:
    """What client and process must agree on."""
    return {
        "version": __version__,
        "code": code_stamp(),
        "weights": str(weights.resolve()),
        "device": device,
        "scorers": scorers,
    }


def code_stamp() -> str:
    """Changes with every edit of the code that measures."""
    here = Path(__file__).parent
    files = [*here.rglob("*.py"), *(here.parents[1] / "core" / "scoring").rglob("*.py")]
    stamps = sorted(f"{file.name}:{file.stat().st_mtime_ns}" for file in files)
    return hashlib.sha256(" ".join(stamps).encode()).hexdigest()[:16]
