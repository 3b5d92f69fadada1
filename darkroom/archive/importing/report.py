"""What an import did, file by file, and whether the store holds what it should.

Owns the report's shape and its copy on this machine.
"""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from darkroom.adapters.plain_files import write_new_file

Outcome = Literal["imported", "skipped", "failed"]


@dataclass(frozen=True)
class Line:
    """One file of the source."""

    source: str
    """Its place below the imported folder."""
    outcome: Outcome
    reason: str
    """Why not; for imported ones the key in the store."""


@dataclass(frozen=True)
class SessionLine:
    """One folder of the source."""

    session: str
    kind: str
    run: str | None
    """As PROJECT/RUN_ID; None where nothing of it was taken over."""
    images: int
    imported: int
    marks: int
    """Ratings and flags that became annotations."""


@dataclass(frozen=True)
class Validation:
    """The counts after an import, read anew from the store."""

    runs: int
    images: int
    sidecars: int
    expected: int
    missing: tuple[str, ...] = ()
    """Runs whose counts are not what they should be."""

    @property
    def is_right(self) -> bool:
        """Whether every image and its sidecar are there."""
        return not self.missing and self.images == self.sidecars == self.expected


@dataclass
class ImportReport:
    """The whole import."""

    project: str
    dry_run: bool
    lines: list[Line] = field(default_factory=list[Line])
    sessions: list[SessionLine] = field(default_factory=list[SessionLine])
    backup: str | None = None
    """The backup made before, on this machine."""
    validation: Validation | None = None
    file: str | None = None
    """Where this report lies on this machine."""

    def count(self, outcome: Outcome) -> int:
        """How many files ended so."""
        return sum(line.outcome == outcome for line in self.lines)

    def reasons(self, outcome: Outcome) -> list[tuple[str, int]]:
        """Why files ended so, the commonest first; keys in the store are left out."""
        found = Counter(
            line.reason.partition(": ")[0] for line in self.lines if line.outcome == outcome
        )
        return found.most_common()

    def summary(self) -> dict[str, object]:
        """The counts and reasons, without a line per image that was taken over."""
        return {
            "project": self.project,
            "dry_run": self.dry_run,
            "sessions": len(self.sessions),
            **{name: self.count(name) for name in ("imported", "skipped", "failed")},
            "marks": sum(session.marks for session in self.sessions),
            "backup": self.backup,
            "report": self.file,
            "validation": asdict(self.validation) if self.validation else None,
            "not_imported": [asdict(one) for one in self.lines if one.outcome != "imported"],
        }

    def write(self, path: Path) -> None:
        """Keep every line in a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file = str(path)
        whole = self.summary() | {
            "sessions": [asdict(session) for session in self.sessions],
            "files": [asdict(line) for line in self.lines],
        }
        write_new_file(path, json.dumps(whole, indent=1, ensure_ascii=False).encode())
