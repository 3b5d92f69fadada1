"""What people say of images and runs: small events, added and never changed.

Owns the document of one event and where it lies in the store. What several events
come to is `annotation_history`'s. Reads no clock and no store: times, names and
documents come in as values.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias, cast

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    TypeAdapter,
    ValidationError,
)

from darkroom.core.canonical import canonical_json
from darkroom.core.errors import DataError, SidecarDamaged, UsageError
from darkroom.core.keys import is_key
from darkroom.core.sidecar.decoding import decode
from darkroom.core.sidecar.fields import Bag, Block, Json, Moment, Name, StoreKey, Text
from darkroom.core.ulids import PATTERN

SCHEMA: Final = "darkroom.annotation/1"
FOLDER: Final = "human"
MAX_BAG_BYTES = 262_144
_KEY = re.compile(r"(?:\A|/)human/[0-7][0-9a-hjkmnp-tv-z]{25}\.json\Z")

Quality = Literal["perfect", "imperfect"]
Status = Literal["ok", "ko"]
FailureCategory = Literal["malformed", "noise", "incomplete", "off_prompt"]
FAILURE_CATEGORIES: tuple[FailureCategory, ...] = ("malformed", "noise", "incomplete", "off_prompt")


def _bounded(bag: Bag) -> Bag:
    if len(canonical_json(bag)) > MAX_BAG_BYTES:
        raise ValueError(f"is larger than {MAX_BAG_BYTES} bytes")
    return bag


def _run_name(text: str) -> str:
    if not is_key(text):
        raise ValueError("is not PROJECT/RUN")
    return text


Ulid = Annotated[str, StringConstraints(pattern=PATTERN)]
FreeBag = Annotated[Bag, AfterValidator(_bounded)]
RunName = Annotated[str, AfterValidator(_run_name)]


class ImageTarget(Block):
    """One image, by its key in the store."""

    kind: Literal["image"] = "image"
    image: StoreKey


class RunTarget(Block):
    """One run, as `PROJECT/RUN_ID`."""

    kind: Literal["run"] = "run"
    run: RunName


Target: TypeAlias = ImageTarget | RunTarget


class ImageChange(Block):
    """Fields an event sets on an image; null sets one back to nothing, absent leaves it."""

    technical_quality: Quality | None = None
    status: Status | None = None
    is_liked: bool | None = None
    failure_category: FailureCategory | None = None
    failure_notes: Text | None = None
    notes: Text | None = None
    rating: Annotated[float, Field(ge=0.0, le=10.0)] | None = None
    is_deleted: bool | None = None
    ml_predictions: FreeBag | None = None
    """What a model thinks; beside, never over, what a person said."""
    extra: FreeBag | None = None
    """Whatever else somebody wants kept."""


class Ranking(Block):
    """The order a person gave a run's iterations, the best first, and why."""

    order: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1, max_length=10_000)]
    notes: dict[str, Text] = Field(default_factory=dict[str, str])
    """By iteration, as text."""


class RunChange(Block):
    """Fields an event sets on a run; null sets one back to nothing, absent leaves it."""

    is_test: bool | None = None
    is_failed: bool | None = None
    is_archived: bool | None = None
    is_deleted: bool | None = None
    display_name: Text | None = None
    notes: Text | None = None
    extra: FreeBag | None = None
    ranking: Ranking | None = None
    """What `human/ranking.json` holds is derived from this."""


class _Event(Block):
    document: Literal["darkroom.annotation/1"] = Field(default=SCHEMA, alias="schema")
    id: Ulid
    """Time-ordered; of two events that set one field, the greater id wins."""
    at: Moment
    by: Name
    undoes: Ulid | None = None
    """The event this one takes back; `set` holds what was true before it."""


class ImageAnnotation(_Event):
    """One event on one image."""

    target: ImageTarget
    change: ImageChange = Field(alias="set")


class RunAnnotation(_Event):
    """One event on one run."""

    target: RunTarget
    change: RunChange = Field(alias="set")


Annotation: TypeAlias = ImageAnnotation | RunAnnotation


@dataclass(frozen=True)
class Stamp:
    """Who says it, when, and the event's place in time."""

    id: str
    at: str
    by: str


def _kind(value: object) -> str:
    target = cast("dict[str, object]", value).get("target")
    return (
        str(cast("dict[str, object]", target).get("kind")) if isinstance(target, dict) else "none"
    )


_EVENT: TypeAdapter[Annotation] = TypeAdapter(
    Annotated[
        Annotated[ImageAnnotation, Tag("image")] | Annotated[RunAnnotation, Tag("run")],
        Discriminator(_kind),
    ]
)


def compose(
    stamp: Stamp, target: Target, changes: Mapping[str, Json], undoes: str | None = None
) -> Annotation:
    """Make one event, or refuse what it would say."""
    if not changes and undoes is None:
        raise UsageError("annotation-invalid", "nothing is said: give at least one field")
    document = {
        "schema": SCHEMA,
        "id": stamp.id,
        "at": stamp.at,
        "by": stamp.by,
        "target": target.model_dump(),
        "set": dict(changes),
        **({"undoes": undoes} if undoes else {}),
    }
    try:
        return _EVENT.validate_python(document)
    except ValidationError as exc:
        raise UsageError("annotation-invalid", _told(exc), where=name_of(target)) from exc


def document_of(event: Annotation) -> dict[str, Json]:
    """The event as plain JSON values, holding only what it sets."""
    return cast("dict[str, Json]", event.model_dump(by_alias=True, exclude_unset=True))


def serialise(event: Annotation) -> bytes:
    """The bytes that go into the store."""
    return canonical_json(document_of(event)) + b"\n"


def read(document: Mapping[str, object], where: str = "") -> Annotation:
    """Read one event from plain JSON values, or raise DataError."""
    try:
        return _EVENT.validate_python(document)
    except ValidationError as exc:
        raise DataError("annotation-damaged", _told(exc), where=where) from exc


def parse(data: bytes, key: str) -> Annotation:
    """Read one event found under a key, or raise DataError."""
    try:
        event = read(decode(data, key).document, key)
    except SidecarDamaged as exc:
        raise DataError("annotation-damaged", exc.message, where=key) from exc
    if annotation_key(event.target, event.id) != key:
        raise DataError("annotation-damaged", "says it belongs elsewhere", where=key)
    return event


def _told(error: ValidationError) -> str:
    """Every mistake at once, by its place; refused values are not repeated."""
    return "; ".join(_one(item["loc"], item["msg"]) for item in error.errors(include_url=False))


def _one(place: tuple[int | str, ...], message: str) -> str:
    known = [str(part) for part in place if part not in {"image", "run", "set", "target"}]
    return f"{'/'.join(known) or 'target'}: {message}"


def name_of(target: Target) -> str:
    """How messages call an image or a run."""
    return target.image if isinstance(target, ImageTarget) else target.run


def run_of(image_key: str) -> str | None:
    """The run an image lies in, as `PROJECT/RUN_ID`; None outside of runs."""
    project, working, run, *rest = [*image_key.split("/"), "", "", ""][:4]
    return f"{project}/{run}" if working == "working" and run and any(rest) else None


def events_prefix(target: Target) -> str:
    """Where the events of an image or a run lie, with a closing slash."""
    if isinstance(target, RunTarget):
        project, _, run = target.run.partition("/")
        return f"{project}/working/{run}/{FOLDER}/" if run else f"{project}/{FOLDER}/"
    folder, _, _ = target.image.rpartition("/")
    root = folder[:-6].removesuffix("/") if f"/{folder}".endswith("/images") else folder
    return f"{root}/{FOLDER}/" if root else f"{FOLDER}/"


def annotation_key(target: Target, event_id: str) -> str:
    """Where one event lies."""
    return f"{events_prefix(target)}{event_id}.json"


def is_annotation_key(key: str) -> bool:
    """Whether a key has the form of an event's; `human/ranking.json` has not."""
    return _KEY.search(key) is not None


def set_by(event: Annotation) -> dict[str, Json]:
    """The fields one event sets, and to what."""
    return cast("dict[str, Json]", event.change.model_dump(exclude_unset=True))
