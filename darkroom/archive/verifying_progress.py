"""How far a verification came, in a small file: what was stopped goes on, what is old is known.

Owns one file per scope under the laboratory's `.darkroom/`. It is a convenience: lost, or
not to be read, verifying begins anew.
"""

import os
from contextlib import suppress
from pathlib import Path

from pydantic import Field, ValidationError

from darkroom.archive.verifying_content import Flaw
from darkroom.core.config.fields import Record
from darkroom.core.verification import Kind


class KnownFlaw(Record):
    """A flaw found before the stop."""

    kind: Kind
    key: str
    reason: str


class Progress(Record):
    """Where a verification stands."""

    done: str | None = None
    """The last run that was verified to its end; None where nothing is under way."""
    images: int = 0
    size_bytes: int = 0
    counts: dict[Kind, int] = Field(default_factory=dict[Kind, int])
    flaws: tuple[KnownFlaw, ...] = Field(default=(), strict=False)
    newest: dict[str, str] = Field(default_factory=dict[str, str])
    """By project, the newest run of the last verification that came to its end."""

    def known(self) -> list[Flaw]:
        """The flaws found before the stop."""
        return [Flaw(flaw.kind, flaw.key, flaw.reason) for flaw in self.flaws]


class ProgressFile:
    """The file of one scope."""

    def __init__(self, folder: Path, scope: str) -> None:
        self._path = folder / f"{scope}.json"

    def read(self) -> Progress:
        """What it says; nothing where it cannot be read."""
        with suppress(OSError, ValidationError):
            return Progress.model_validate_json(self._path.read_bytes())
        return Progress()

    def write(self, progress: Progress) -> None:
        """Replace it; what cannot be written costs only the resuming."""
        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(progress.model_dump_json(), encoding="utf-8")
            beside.replace(self._path)
