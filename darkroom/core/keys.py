"""Names under which things are kept, and the identity of a job.

Owns the grammar of store keys, the layout of a run in the store and the job
key. Must stay stable: a change of layout or of `JOB_KEY_VERSION` orphans what
earlier versions wrote.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from darkroom.core.canonical import canonical_json
from darkroom.core.errors import UsageError

JOB_KEY_VERSION = "1"
UNNAMED_PROJECT = "generated"
"""The project in the store under which images lie that belong to none."""
MAX_KEY_BYTES = 512
MAX_SEGMENT_BYTES = 120
_SEGMENT = re.compile(r"[a-z0-9_-][a-z0-9._-]*\Z")
_PREFIX = re.compile(r"(?:[a-z0-9_-][a-z0-9._-]*(?:/|\Z))*\Z")
_RUN_ID = re.compile(r"\d{4}-\d{2}-\d{2}_\d{2}-\d{2}-\d{2}(?:-[0-9a-z]{1,8})?\Z")


def is_key(text: str) -> bool:
    """Whether the text may name an object in every store we support."""
    if not text or len(text) > MAX_KEY_BYTES or not text.isascii():
        return False
    segments = text.split("/")
    return all(_SEGMENT.match(s) and len(s) <= MAX_SEGMENT_BYTES for s in segments)


def checked_key(text: str) -> str:
    """Return the key, or refuse it with the rule it breaks."""
    if is_key(text):
        return text
    raise UsageError("key-invalid", f"{text[:80]!r} cannot name an object in a store")


def checked_prefix(text: str) -> str:
    """Return a listing prefix (a key, a part of one, or nothing), or refuse it."""
    if len(text) <= MAX_KEY_BYTES and _PREFIX.match(text):
        return text
    raise UsageError("key-invalid", f"{text[:80]!r} cannot be the start of a key")


def run_id(started: datetime, taken: frozenset[str] = frozenset()) -> str:
    """Name a run by its start time; a suffix keeps two runs of one second apart."""
    stem = started.strftime("%Y-%m-%d_%H-%M-%S")
    if stem not in taken:
        return stem
    number = 2
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def is_run_id(text: str) -> bool:
    """Whether the text has the form of a run id."""
    return _RUN_ID.match(text) is not None


def job_key(
    graph: object,
    input_hashes: dict[str, str],
    seed: int,
    engine: str,
    version: str = JOB_KEY_VERSION,
) -> str:
    """Identify one drawing: the same job on any machine has the same key."""
    identity = {
        "graph": graph,
        "inputs": input_hashes,
        "seed": seed,
        "engine": engine,
        "v": version,
    }
    return hashlib.sha256(canonical_json(identity)).hexdigest()


@dataclass(frozen=True)
class RunKeys:
    """Where everything of one run lies in the store."""

    project: str
    run_id: str

    @property
    def root(self) -> str:
        """The prefix all keys of the run share, without a closing slash."""
        return f"{self.project}/working/{self.run_id}"

    def image(self, iteration: int) -> str:
        """The picture of one iteration."""
        return f"{self.root}/images/iteration_{iteration:03d}.png"

    def sidecar(self, iteration: int) -> str:
        """The document that commits the picture."""
        return sidecar_key(self.image(iteration))

    def document(self, kind: str, iteration: int) -> str:
        """The questions, evaluation, comparison or metadata of one iteration."""
        return f"{self.root}/{kind}/iteration_{iteration:03d}_{kind}.json"

    def ranking(self) -> str:
        """The order a person gave the iterations."""
        return f"{self.root}/human/ranking.json"

    def intents(self) -> str:
        """The prefix under which the run's intents lie."""
        return f"{self.root}/intents/"

    def intent(self, job: str, attempt: int) -> str:
        """The promise made before one submission of one job."""
        return f"{self.root}/intents/{job}.{attempt}.json"

    def outcome(self, job: str, attempt: int) -> str:
        """How that submission ended, where it did not end in an image."""
        return f"{self.root}/outcomes/{job}.{attempt}.json"


def sidecar_key(image_key: str) -> str:
    """The sidecar lies beside its image, one suffix longer."""
    return f"{image_key}.json"


def companion_key(image_key: str, number: int) -> str:
    """Where the second, third ... image of one job lies: beside the first."""
    stem, dot, suffix = image_key.rpartition(".")
    return f"{stem}-{number:02d}{dot}{suffix}"
