"""rules.yaml: what a project wants, and by which questions success is told.

Owns the shape of one file. What two entries must not say together is checked in
`rule_checks`; what answers mean is `darkroom.core.evaluation`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field

from darkroom.core.config.fields import FieldName, Record, Terms, Text, ValueType

ITEM_TYPES = ("string", "integer", "number", "boolean")
MOST_ENTRIES = 500
AnswerScalar = str | int | float | bool


def _scalar(value: object) -> AnswerScalar:
    if isinstance(value, str | int | float | bool):
        return value
    raise ValueError("must be a text, a number, true or false")


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _without_repeats(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _item_schema(value: object) -> object:
    """Read the three short ways of saying what a list holds."""
    if isinstance(value, str):
        return {"type": value}
    if not isinstance(value, list | tuple):
        return value
    listed = list(cast("list[object]", value))
    if len(listed) == 1 and isinstance(listed[0], Mapping):
        return cast("object", listed[0])
    if len(listed) == 1 and listed[0] in ITEM_TYPES:
        return {"type": listed[0]}
    return {"enum": listed}


Allowed = Annotated[
    tuple[Annotated[Any, AfterValidator(_scalar)], ...], Field(strict=False, min_length=1)
]


class ItemSchema(Record):
    """What the items of a list answer may be."""

    type: Literal["string", "integer", "number", "boolean"] = "string"
    """What kind each item is."""
    enum: Allowed | None = None
    """The only items allowed."""


class Asked(Record):
    """What questions and criteria share."""

    field: FieldName
    """The name its answer goes by."""
    question: Text
    """What is asked about the image."""
    min: float | None = Field(default=None, allow_inf_nan=False)
    """The least number allowed."""
    max: float | None = Field(default=None, allow_inf_nan=False)
    """The greatest number allowed; for a boolean criterion, 0 asks for a no."""
    enum: Allowed | None = None
    """The only answers allowed."""


class Question(Asked):
    """A question whose answer informs the judging."""

    type: ValueType
    """What kind of answer is expected."""
    items: Annotated[ItemSchema | None, BeforeValidator(_item_schema)] = None
    """For lists: a type, a list of allowed items, or a mapping with type and enum."""


class Criterion(Asked):
    """A question that every accepted image must pass."""

    type: ValueType = "boolean"
    """What kind of answer is expected."""
    intent: Literal["change", "preserve"] = "change"
    """Whether the image must come to show this, or must keep it."""
    edit_strength: Literal["low", "medium", "high"] = "medium"
    """How much of the image a correction may touch."""
    must_include: Terms = ()
    """Terms the positive prompt always holds."""
    ban_terms: Terms = ()
    """Terms that leave the positive prompt and join the negative one."""
    avoid_terms: Terms = ()
    """Terms that join the negative prompt."""
    depends_on: Annotated[
        tuple[FieldName, ...],
        Field(strict=False, max_length=50),
        BeforeValidator(_one_or_more),
        AfterValidator(_without_repeats),
    ] = ()
    """Criteria that must pass before this one means anything."""
    on_fail: Literal["edit", "resample", "params", "prompt"] | None = None
    """What to change when it fails; left out, the strategy decides."""
    weight: float = Field(default=1.0, gt=0, le=1000, allow_inf_nan=False)
    """Its share of the score."""


class ProjectRules(Record):
    """The project as a whole."""

    name: Text | None = None
    """A title for people; the folder's name is what identifies the project."""
    description: str = ""
    """What the project is about."""
    max_iterations: int = Field(default=20, ge=1, le=10_000)
    """How many images a run may draw."""
    disable_general_notes: bool = False
    """Leave a model's general notes out of what `rules suggest` prints."""
    strategy: Literal["fixed", "predicate", "model"] = "fixed"
    """How the next attempt is chosen: fixed rules, by what failed, or as the model suggests."""
    control: Literal["none", "reseed"] = "none"
    """`reseed` spends the same number of images on plain reseeding and reports both."""


class Rules(Record):
    """The whole of rules.yaml."""

    project: ProjectRules = ProjectRules()
    acceptance_criteria: Annotated[
        tuple[Criterion, ...], Field(strict=False, min_length=1, max_length=MOST_ENTRIES)
    ]
    """What an image must pass to be accepted."""
    questions: Annotated[tuple[Question, ...], Field(strict=False, max_length=MOST_ENTRIES)] = ()
    """What is asked beside the criteria."""
