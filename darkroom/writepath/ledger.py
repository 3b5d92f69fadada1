"""Reading and writing the records of jobs: intents, outcomes and the index.

Owns the layout beside `RunKeys`: `<project>/working/jobs/<job_key>/<run>.<iteration>.json`
and `<project>/working/inputs/<sha256>.<type>`. Every key is written once. An index entry
is written before the intent, so that a job can be found after any crash; it proves
nothing, and `reconcile` can rebuild it.
"""

import hashlib
from dataclasses import dataclass

from darkroom.adapters.stores.protocol import Store
from darkroom.core.errors import DataError, KeyNotFound, SidecarDamaged
from darkroom.core.keys import RunKeys, sidecar_key
from darkroom.core.sidecar import Sidecar, parse
from darkroom.writepath.desk import Committed, Job
from darkroom.writepath.intents import InputFile, Intent, parse_intent
from darkroom.writepath.outcomes import (
    Attempt,
    Claim,
    Outcome,
    Result,
    parse_claim,
    parse_outcome,
)

JSON = "application/json"
INDEX = "jobs"
INPUTS = "inputs"
_IMAGE_TYPES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp"}


def claim_key(claim: Claim) -> str:
    """Where the index entry lies; two entries of one job never meet."""
    folder = f"{claim.project}/working/{INDEX}/{claim.job_key}"
    return f"{folder}/{claim.run_id}.{claim.iteration:03d}.json"


def claim_of(keys: RunKeys, job: str, iteration: int) -> Claim:
    """The index entry of a job that was meant for that place."""
    return Claim(job_key=job, project=keys.project, run_id=keys.run_id, iteration=iteration)


def input_files(job: Job) -> tuple[InputFile, ...]:
    """The job's input images and where the store keeps them."""
    return tuple(_input_file(job.keys.project, *item) for item in job.input_hashes.items())


def _input_file(project: str, name: str, sha256: str) -> InputFile:
    suffix = name.rpartition(".")[2].lower()
    ending = suffix if suffix in _IMAGE_TYPES else "bin"
    key = f"{project}/working/{INPUTS}/{sha256}.{ending}"
    return InputFile(name=name, sha256=sha256, key=key)


@dataclass(frozen=True)
class Ledger:
    """The records of jobs in one store."""

    store: Store

    def get(self, key: str) -> bytes | None:
        """The content, or None."""
        try:
            return self.store.get(key)
        except KeyNotFound:
            return None

    def claim(self, keys: RunKeys, job: str, iteration: int) -> None:
        """Enter the job in the index."""
        claim = claim_of(keys, job, iteration)
        if self.store.head(claim_key(claim)) is None:
            self.enter(claim)

    def enter(self, claim: Claim, known: tuple[Claim, ...] = ()) -> None:
        """Enter the job in the index, unless the entry is one of those known."""
        if claim not in known:
            # the intent says it again, and lasts: the index is made anew from intents
            self.store.put(claim_key(claim), claim.as_bytes(), JSON, lasting=False)

    def claims(self, project: str, job: str) -> tuple[Claim, ...]:
        """Every place the job was ever meant for; what cannot be read is left out."""
        found: list[Claim] = []
        for key in self.store.iter_keys(f"{project}/working/{INDEX}/{job}/"):
            try:
                claim = parse_claim(self.get(key) or b"", key)
            except DataError:
                continue  # the index is derived; reconcile reports and rebuilds it
            if claim_key(claim) == key:
                found.append(claim)
        return tuple(found)

    def keep_inputs(self, job: Job) -> None:
        """Store the input images, so that the job can be submitted again by anyone."""
        for item in input_files(job):
            if self.store.head(item.key) is None:
                kind = _IMAGE_TYPES.get(item.key.rpartition(".")[2], "application/octet-stream")
                self.store.put(item.key, job.inputs[item.name], kind)

    def promise(self, intent: Intent) -> None:
        """Make the intent durable; only then may the job be submitted."""
        key = intent.keys.intent(intent.job_key, intent.attempt)
        self.store.put(key, intent.as_bytes(), JSON)

    def record(self, intent: Intent, ended: Result, recorded_at: str) -> None:
        """Record an ending once; the first one recorded stays."""
        outcome = Outcome(
            job_key=intent.job_key,
            attempt=intent.attempt,
            prompt_id=intent.prompt_id,
            ended=ended,
            recorded_at=recorded_at,
        )
        key = intent.keys.outcome(intent.job_key, intent.attempt)
        if self.store.head(key) is None:
            self.store.put(key, outcome.as_bytes(), JSON)

    def attempts(self, keys: RunKeys, job: str) -> tuple[Attempt, ...]:
        """All submissions of a job in a run, in order; DataError where one cannot be read."""
        found: list[Attempt] = []
        while (data := self.get(key := keys.intent(job, len(found) + 1))) is not None:
            intent = parse_intent(data, key)
            outcome_key = keys.outcome(job, intent.attempt)
            outcome = self.get(outcome_key)
            found.append(Attempt(intent, parse_outcome(outcome, outcome_key) if outcome else None))
        return tuple(found)

    def sidecar(self, image_key: str) -> Sidecar | None:
        """The valid document that commits this image, or None; SidecarDamaged otherwise."""
        key = sidecar_key(image_key)
        data = self.get(key)
        return None if data is None else parse(data, key=key)

    def committed_at(self, image_key: str, job: str) -> Committed | None:
        """The commit of this job at this place, if its sidecar is valid and its image is there."""
        sidecar = self.sidecar(image_key)
        if sidecar is None or sidecar.identity.job_key != job:
            return None
        stat, known = self.store.head(image_key), sidecar.identity
        if stat is None or stat.size_bytes != known.size_bytes or known.sha256 is None:
            return None
        return Committed(job, image_key, known.sha256, known.prompt_id, fresh=False)

    def committed(self, project: str, job: str) -> Committed | None:
        """Ask the store first: where this job was committed, if it was."""
        return self.committed_among(self.claims(project, job), job)

    def committed_among(self, claims: tuple[Claim, ...], job: str) -> Committed | None:
        """Which of these places the job was committed at, if it was."""
        for claim in claims:
            image_key = RunKeys(claim.project, claim.run_id).image(claim.iteration)
            try:
                found = self.committed_at(image_key, job)
            except SidecarDamaged:
                continue  # not a commit; reconcile reports it
            if found:
                return found
        return None


def sha256_of(data: bytes) -> str:
    """The content's name."""
    return hashlib.sha256(data).hexdigest()
