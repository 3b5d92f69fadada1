"""Scores computed after an image was committed: documents beside the sidecar.

Owns their shape, where they lie, and what several of them come to: the latest per metric
identity. The sidecar is never rewritten; a document, once written, is not changed either.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, ValidationError

from darkroom.core.canonical import canonical_json
from darkroom.core.errors import DataError, SidecarDamaged
from darkroom.core.scoring.settings import Assessment
from darkroom.core.sidecar.decoding import decode
from darkroom.core.sidecar.fields import MAX_ITEMS, Block, Moment, Name, Sha256, Share, StoreKey
from darkroom.core.sidecar.judging import Grade, OutOfTen, Score

SCHEMA: Final = "darkroom.scores/1"
FOLDER: Final = "scores"
Identity: TypeAlias = tuple[str, str, str | None, str | None]
"""Metric, tier, version and weights: equal where two raw values can be compared."""


class ScoreDocument(Block):
    """Scores of one image, appended."""

    document: Literal["darkroom.scores/1"] = Field(default=SCHEMA, alias="schema")
    image: StoreKey
    image_sha256: Sha256
    at: Moment
    scores: Annotated[tuple[Score, ...], Field(strict=False, min_length=1, max_length=MAX_ITEMS)]
    composite_score: OutOfTen | None = None
    """Over all scores known when it was written, not only those within."""
    grade: Grade | None = None
    coverage: Share | None = None
    calibration: Name | None = None
    """The calibration of the laboratory; null for the shipped one."""
    weights: Name | None = None
    """The weights of the composite."""
    tier: Name | None = None
    """The tier the composite was made from."""


def scores_key(image_key: str, ulid: str) -> str:
    """Where a document on this image lies."""
    return f"{scores_prefix(image_key)}{ulid}.json"


def scores_prefix(image_key: str) -> str:
    """What the keys of all documents on this image begin with."""
    folder, _, name = image_key.rpartition("/")
    root = folder.removesuffix("images").rstrip("/")
    stem = name.rpartition(".")[0] or name
    return f"{root}/{FOLDER}/{stem}." if root else f"{FOLDER}/{stem}."


def serialise(document: ScoreDocument) -> bytes:
    """The bytes that go into the store."""
    return canonical_json(document.model_dump(mode="python", by_alias=True)) + b"\n"


def parse(data: bytes, key: str) -> ScoreDocument:
    """Read one document found under a key, or raise DataError."""
    try:
        found = ScoreDocument.model_validate(decode(data, key).document)
    except SidecarDamaged as exc:
        raise DataError("scores-damaged", exc.message, where=key) from exc
    except ValidationError as exc:
        places = [".".join(map(str, item["loc"])) for item in exc.errors(include_url=False)]
        message = f"is not a document of scores: {', '.join(places[:5])}"
        raise DataError("scores-damaged", message, where=key) from exc
    if not key.startswith(scores_prefix(found.image)):
        raise DataError("scores-damaged", "says it belongs elsewhere", where=key)
    return found


def compose(
    image: tuple[str, str],
    at: str,
    scores: Sequence[Score],
    found: Assessment,
    calibration: str | None,
) -> ScoreDocument:
    """The document on an image (key, sha256) with new scores and what they all come to."""
    return ScoreDocument(
        image=image[0],
        image_sha256=image[1],
        at=at,
        scores=tuple(scores),
        composite_score=found.composite.value,
        grade=found.graded.grade,
        coverage=found.composite.coverage,
        calibration=calibration,
        weights=found.composite.weights,
        tier=found.composite.tier,
    )


def identity(score: Score) -> Identity:
    """What must be equal for two raw values to be comparable."""
    return (score.metric, score.tier, score.version, score.weights_sha256)


def latest(groups: Iterable[Sequence[Score]]) -> tuple[Score, ...]:
    """All scores, oldest group first, the later one of each metric and tier counting.

    A measured value is never displaced by a later failure to measure.
    """
    found: dict[tuple[str, str], Score] = {}
    for group in groups:
        for score in group:
            place = (score.metric, score.tier)
            before = found.get(place)
            if before is None or score.reason is None or before.reason is not None:
                found[place] = score
    return tuple(found.values())
