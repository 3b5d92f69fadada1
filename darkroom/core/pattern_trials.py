"""The document of a trial: which fresh images were to be drawn with a pattern and without it.

Owns its shape and where it lies. It is written once, before anything is drawn; what the
images came to is never in it, so that a later word of a person counts like any other.
"""

from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from darkroom.core.canonical import canonical_json
from darkroom.core.errors import DataError
from darkroom.core.patterns import Item, Items
from darkroom.core.sidecar.fields import Block, Moment, Name, StoreKey, Text
from darkroom.core.ulids import PATTERN

SCHEMA: Final = "darkroom.pattern-trial/1"
FOLDER: Final = "trials"
MOST_IMAGES = 10_000

Ulid = Annotated[str, Field(pattern=PATTERN)]
Images = Annotated[tuple[StoreKey, ...], Field(strict=False, max_length=MOST_IMAGES)]


class TrialItem(Block):
    """One thing the images with the pattern have."""

    axis: Name
    value: Text


class PatternTrial(Block):
    """Two groups of fresh images: with the pattern, and like them but without it."""

    document: Literal["darkroom.pattern-trial/1"] = Field(default=SCHEMA, alias="schema")
    id: Ulid
    at: Moment
    run: Name
    """The run they were drawn in, as `PROJECT/RUN_ID`."""
    model: Name | None = None
    items: Annotated[tuple[TrialItem, ...], Field(strict=False, min_length=1, max_length=3)]
    with_pattern: Images
    without_pattern: Images

    @property
    def pattern(self) -> Items:
        """The items, in their order."""
        return tuple(sorted(Item(item.axis, item.value) for item in self.items))


def trials_prefix(project: str) -> str:
    """Where the trials of a project lie, with a closing slash."""
    return f"{project}/working/{FOLDER}/"


def trial_key(trial: PatternTrial) -> str:
    """Where one trial lies."""
    return f"{trials_prefix(trial.run.split('/')[0])}{trial.id}.json"


def serialise(trial: PatternTrial) -> bytes:
    """The bytes that go into the store."""
    return canonical_json(trial.model_dump(mode="json", by_alias=True)) + b"\n"


def parse(data: bytes, key: str) -> PatternTrial:
    """Read one trial found under a key, or raise DataError."""
    try:
        trial = PatternTrial.model_validate_json(data)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        place = "/".join(str(part) for part in first["loc"])
        raise DataError("trial-damaged", f"{place}: {first['msg']}", where=key) from exc
    if trial_key(trial) != key:
        raise DataError("trial-damaged", "says it belongs elsewhere", where=key)
    return trial
