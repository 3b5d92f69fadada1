"""What reconcile found and did, as records that doors can show.

Owns the kinds of findings and what they mean together; decides nothing.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "collected",
    "resubmitted",
    "completed",
    "failed",
    "cancelled",
    "duplicate",
    "pending",
    "active",
    "orphan",
    "adopted",
    "broken",
    "damaged",
    "indexed",
]

MEANINGS: dict[Kind, str] = {
    "collected": "the server still had it: fetched and committed",
    "resubmitted": "the server had lost it: drawn again and committed",
    "completed": "its image was stored already: committed",
    "failed": "ended without an image; the cause is recorded",
    "cancelled": "ended by a request to stop; running the same command draws it",
    "duplicate": "committed elsewhere first; this delivery counts for nothing",
    "pending": "left as it is for now, with the reason",
    "active": "another process is at work on it",
    "orphan": "an image that nothing commits; shown nowhere as a result",
    "adopted": "an orphan that now has a sidecar saying so",
    "broken": "a sidecar whose image is missing",
    "damaged": "a record that cannot be read",
    "indexed": "an entry of the job index was missing and is back",
}


@dataclass(frozen=True)
class Finding:
    """One thing reconcile found, and what became of it."""

    kind: Kind
    key: str
    """The store key it is about."""
    job_key: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class ReconcileReport:
    """Everything one reconcile of one project found."""

    project: str
    dry_run: bool
    findings: tuple[Finding, ...]
    ended_before: int = 0
    """Jobs whose ending without an image was recorded earlier; nothing was done about them."""

    @property
    def counts(self) -> dict[str, int]:
        """How many findings of each kind."""
        return dict(Counter(finding.kind for finding in self.findings))

    @property
    def has_damage(self) -> bool:
        """Whether something is not as it was written."""
        return any(finding.kind in {"broken", "damaged"} for finding in self.findings)

    @property
    def has_pending(self) -> bool:
        """Whether something could not be brought to an end now."""
        return any(finding.kind == "pending" for finding in self.findings)
