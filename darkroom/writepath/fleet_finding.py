"""Where an order of a fleet has been before: its image, or the server that still has it.

Owns two questions, asked before a server is chosen. The same image is another job on another
engine, so all engines of the fleet are asked for; a place in a run that is taken is the job's
that took it, whatever engine there is now. Draws nothing and writes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from darkroom.adapters.stores.protocol import Store
from darkroom.core.errors import DataError
from darkroom.core.keys import RunKeys
from darkroom.writepath.desk import Committed, Desk, Job
from darkroom.writepath.intents import Intent, parse_intent
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


def promise_at(store: Store, keys: RunKeys, image: str) -> Intent | None:
    """The promise behind an image of a run that is stored already, whichever server made it."""
    ledger = Ledger(store)
    sidecar = ledger.sidecar(image)
    job = sidecar.identity.job_key if sidecar else None
    made = _open_promises(ledger, keys) if job is None else _promises_of(ledger, keys, job)
    found = [each for each in made if each.image_key == image]
    return max(found, key=lambda each: each.created_at, default=None)


def _promises_of(ledger: Ledger, keys: RunKeys, job: str) -> Sequence[Intent]:
    try:
        return [each.intent for each in ledger.attempts(keys, job) if each.outcome is None]
    except DataError:
        return ()  # reconcile reports it


def _open_promises(ledger: Ledger, keys: RunKeys) -> Iterator[Intent]:
    """Those of a run that did not end otherwise than in an image."""
    for key in ledger.store.iter_keys(keys.intents()):
        try:
            intent = parse_intent(ledger.get(key) or b"", key)
        except DataError:
            continue  # reconcile reports it
        if ledger.get(keys.outcome(intent.job_key, intent.attempt)) is None:
            yield intent


def _drawing(ledger: Ledger, keys: RunKeys, job: str) -> str | None:
    try:
        found = standing(ledger.attempts(keys, job))
    except DataError:
        return None  # reconcile reports it; whoever draws it meets it again
    return found.last.host if isinstance(found, Open) else None
