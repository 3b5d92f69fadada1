"""Scores in the store: those in sidecars, and the documents appended later.

Owns reading both together, newest first and no more than needed, and appending another
document. Changes nothing that is there.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from darkroom.adapters.stores.protocol import Store
from darkroom.core.errors import DataError, KeyNotFound
from darkroom.core.keys import sidecar_key
from darkroom.core.scoring.documents import (
    FOLDER,
    ScoreDocument,
    compose,
    identity,
    latest,
    parse,
    scores_key,
    scores_prefix,
    serialise,
)
from darkroom.core.sidecar import MAX_BYTES, Sidecar, moment, read_any
from darkroom.core.sidecar.judging import Score
from darkroom.core.ulids import RANDOM_BITS, milliseconds, ulid
from darkroom.scoring.configured import Scoring

JSON = "application/json"
_IMAGES = (".png", ".jpg", ".jpeg", ".webp")


@dataclass(frozen=True)
class StoredImage:
    """One committed image, and the keys of the score documents on it."""

    key: str
    documents: tuple[str, ...] = ()
    """Oldest first."""


@dataclass(frozen=True)
class Known:
    """What the store says of an image and its scores."""

    key: str
    sidecar: Sidecar
    scores: tuple[Score, ...]

    @property
    def sha256(self) -> str:
        """Of the image."""
        return self.sidecar.identity.sha256 or ""

    @property
    def prompt(self) -> str | None:
        """What it should show."""
        return self.sidecar.input.prompt or None


@dataclass
class _Listing:
    images: dict[str, None] = field(default_factory=dict[str, None])
    documents: list[str] = field(default_factory=list[str])


def images_under(store: Store, prefix: str) -> list[StoredImage]:
    """Every image under a prefix that has a sidecar, with one listing and no reading."""
    found = _Listing()
    for key in store.iter_keys(prefix):
        if f"/{FOLDER}/" in key:
            found.documents.append(key)
        elif key.endswith(tuple(f"{kind}.json" for kind in _IMAGES)):
            found.images[key.removesuffix(".json")] = None
    by_prefix: dict[str, list[str]] = {}
    for key in found.documents:
        by_prefix.setdefault(f"{key.rsplit('.', 2)[0]}.", []).append(key)
    return [
        StoredImage(key, tuple(sorted(by_prefix.get(scores_prefix(key), ()))))
        for key in found.images
    ]


def image_at(store: Store, key: str) -> StoredImage:
    """One image and its documents."""
    return StoredImage(key, tuple(sorted(store.iter_keys(scores_prefix(key)))))


def read_sidecar(store: Store, image_key: str) -> Sidecar:
    """The image's sidecar, in whatever form; DataError where there is none."""
    key = sidecar_key(image_key)
    try:
        return read_any(store.get(key)[: MAX_BYTES + 1], key=key).sidecar
    except KeyNotFound as exc:
        raise DataError("scores-without-sidecar", "nothing commits this image", where=key) from exc


def read_documents(store: Store, image: StoredImage) -> Iterator[ScoreDocument]:
    """The documents on an image, newest first; a damaged one is passed over."""
    for key in reversed(image.documents):
        try:
            yield parse(store.get(key), key)
        except (DataError, KeyNotFound):
            continue  # `darkroom warehouse check` reports it; the others stand


def known(store: Store, image: StoredImage) -> Known:
    """Everything the store says of the image's scores."""
    found = known_unless(store, image, lambda _scores: False)
    assert found is not None  # nothing is ever enough
    return found


def known_unless(
    store: Store, image: StoredImage, enough: Callable[[Sequence[Score]], bool]
) -> Known | None:
    """The same, reading no further than to scores that are enough: then None."""
    groups: list[Sequence[Score]] = []
    for document in read_documents(store, image):
        groups.append(document.scores)
        if enough(document.scores):
            return None
    sidecar = read_sidecar(store, image.key)
    groups.append(sidecar.quality.scores if sidecar.quality else ())
    scores = latest(reversed(groups))
    return None if enough(scores) else Known(image.key, sidecar, scores)


def is_news(before: Sequence[Score], scores: Sequence[Score]) -> bool:
    """Whether scores say anything that is not known: a value, or a first reason for none."""
    values = {identity(score) for score in before if score.reason is None}
    named = {(score.metric, score.tier) for score in before}
    return any(
        identity(score) not in values
        if score.reason is None
        else (score.metric, score.tier) not in named
        for score in scores
    )


def append(
    store: Store,
    scoring: Scoring,
    image: Known,
    scores: tuple[Score, ...],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> ScoreDocument:
    """Append a document with all that is known now, so that the newest says it alone."""
    every = scoring.settled(latest([image.scores, scores]))
    found = scoring.assess(every)
    at = now()
    tier = found.composite.tier
    calibration = None if tier in (None, "unknown") else scoring.calibrations.get(tier)
    document = compose((image.key, image.sha256), moment(at), every, found, calibration)
    name = ulid(milliseconds(at), secrets.randbits(RANDOM_BITS))
    store.put(scores_key(image.key, name), serialise(document), JSON)
    return document
