"""What a verification found, as a record that doors can show.

Owns how much of it is kept: every flaw is counted, the first thousand are listed.
"""

from collections import Counter
from dataclasses import dataclass, field

from darkroom.archive.verifying_content import Flaw
from darkroom.core.verification import DAMAGE, Kind, Outcome, Redrawn

MOST_FLAWS = 1000


@dataclass
class VerifyReport:
    """What was found; grows while it goes on."""

    images: int = 0
    """Sidecars read, each with its image."""
    size_bytes: int = 0
    flaws: list[Flaw] = field(default_factory=list[Flaw])
    """The first thousand; `counts` has them all."""
    counts: Counter[Kind] = field(default_factory=Counter[Kind])
    went_on_after: str | None = None
    """The run up to which an earlier verification, stopped since, had come."""
    redrawn: list[Redrawn] = field(default_factory=list[Redrawn])
    """The first thousand; `outcomes` has them all."""
    outcomes: Counter[Outcome] = field(default_factory=Counter[Outcome])

    @property
    def is_damaged(self) -> bool:
        """Whether something is not as it was written."""
        return any(kind in DAMAGE for kind in self.counts)

    def note(self, flaw: Flaw) -> None:
        """Count one flaw, and keep it while there is room."""
        self.counts[flaw.kind] += 1
        if len(self.flaws) < MOST_FLAWS:
            self.flaws.append(flaw)

    def note_redrawn(self, found: Redrawn) -> None:
        """Count one redrawing, and keep it while there is room."""
        self.outcomes[found.outcome] += 1
        if len(self.redrawn) < MOST_FLAWS:
            self.redrawn.append(found)
