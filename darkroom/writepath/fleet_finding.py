"""Where an order of a fleet has been before: its image, or the server that still has it.

Owns one question, asked before a server is chosen. The same image is another job on another
engine, so all engines of the fleet are asked for. Draws nothing and writes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from darkroom.core.errors import DataError
from darkroom.core.keys import RunKeys
from darkroom.writepath.desk import Committed, Desk, Job
from darkroom.writepath.ledger import Ledger
from darkroom.writepath.outcomes import Open, standing


@dataclass(frozen=True)
class Place:
    """What is known of an order."""

    image: Committed | None = None
    """It is drawn already, and no server has to be asked."""
    prefers: str | None = None
    """It may be drawing it; others take it only where this one is lost."""


def place_of(desk: Desk, jobs: Mapping[str, Job]) -> Place:
    """Look for the order; `jobs` are what each server of the fleet would make of it."""
    ledger, begun = Ledger(desk.store), Place()
    by_key = {job.key: job for job in jobs.values()}
    for key, job in by_key.items():
        claims = ledger.claims(job.keys.project, key)
        if image := ledger.committed_among(claims, key):
            return Place(image)
        for run in sorted({claim.run_id for claim in claims}):
            host = _drawing(ledger, RunKeys(job.keys.project, run), key)
            if host in jobs:
                begun = Place(prefers=host)
    return begun


def _drawing(ledger: Ledger, keys: RunKeys, job: str) -> str | None:
    try:
        found = standing(ledger.attempts(keys, job))
    except DataError:
        return None  # reconcile reports it; whoever draws it meets it again
    return found.last.host if isinstance(found, Open) else None
