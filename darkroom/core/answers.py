"""Answers to the questions of a rules file: typed, bounded, and unknown when in doubt.

Owns the reading of one raw answer against what its question allows, and the JSON
schema that asks a model for all of them at once. An answer that does not fit is
unknown with a reason; it is never bent into a pass.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from darkroom.core.text import shortened

AnswerValue = bool | int | float | str | tuple[str, ...] | None


class Asked(Protocol):
    """A question as a rules file states it."""

    @property
    def field(self) -> str:
        """Return the name its answer goes by."""
        ...

    @property
    def question(self) -> str:
        """Return what is asked, in words."""
        ...

    @property
    def type(self) -> str:
        """Return string, integer, number, boolean or array."""
        ...

    @property
    def min(self) -> float | None:
        """Return the least number allowed."""
        ...

    @property
    def max(self) -> float | None:
        """Return the greatest number allowed."""
        ...

    @property
    def enum(self) -> Sequence[str | int | float | bool] | None:
        """Return the only values allowed."""
        ...


@dataclass(frozen=True)
class Answer:
    """What a judge said of one question; `value` None means unknown, with the reason."""

    field: str
    value: AnswerValue
    p_yes: float | None = None
    reason: str | None = None
    seen: str | None = None
    """What the judge saw instead or because of which, in its own words."""


def unknown(field: str, reason: str) -> Answer:
    """An answer that was not given, or not in a form that can be used."""
    return Answer(field, None, reason=shortened(reason, 200))


def read_answers(asked: Sequence[Asked], reply: Mapping[str, object] | None) -> list[Answer]:
    """Read a model's object of answers; a missing or misfit one is unknown."""
    if reply is None:
        return [unknown(question.field, "the reply was no JSON object") for question in asked]
    return [
        read_answer(question, reply[question.field])
        if question.field in reply
        else unknown(question.field, "the reply left it out")
        for question in asked
    ]


def read_answer(asked: Asked, raw: object) -> Answer:
    """Read one raw answer by the type and bounds of its question."""
    value = _READERS[asked.type](raw)
    if value is None:
        return unknown(asked.field, f"expected {asked.type}, got {raw!r}")
    misfit = _misfit(asked, value)
    return unknown(asked.field, misfit) if misfit else Answer(asked.field, value)


def _misfit(asked: Asked, value: AnswerValue) -> str | None:
    if isinstance(value, int | float):
        number = float(value)
        if asked.min is not None and number < asked.min:
            return f"{value!r} is below {asked.min}"
        if asked.max is not None and number > asked.max:
            return f"{value!r} is above {asked.max}"
    allowed = asked.enum
    given = value if isinstance(value, tuple) else (value,)
    if allowed is not None and any(item not in allowed for item in given):
        return f"{value!r} is not one of {', '.join(map(str, allowed))}"
    return None


_YES = frozenset({"yes", "true", "y", "1", "pass", "passed"})
_NO = frozenset({"no", "false", "n", "0", "fail", "failed"})


def _boolean(raw: object) -> AnswerValue:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip(" .!\"'").casefold() if isinstance(raw, str | int) else ""
    return True if word in _YES else False if word in _NO else None


def _number(raw: object) -> AnswerValue:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return None
    try:
        value = float(raw)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def _integer(raw: object) -> AnswerValue:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    value = _number(raw)
    return int(value) if isinstance(value, float) and value.is_integer() else None


def _string(raw: object) -> AnswerValue:
    if isinstance(raw, str):
        return raw.strip() or None
    return str(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else None


def _array(raw: object) -> AnswerValue:
    if isinstance(raw, str):
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    if isinstance(raw, list | tuple):
        items = cast("Sequence[object]", raw)
        return tuple(str(item) for item in items if isinstance(item, str | int | float))
    return None


_READERS = {
    "boolean": _boolean,
    "number": _number,
    "integer": _integer,
    "string": _string,
    "array": _array,
}


def answers_schema(asked: Sequence[Asked]) -> dict[str, object]:
    """The JSON schema of one object that answers every question."""
    return {
        "type": "object",
        "properties": {question.field: _property(question) for question in asked},
        "required": [question.field for question in asked],
        "additionalProperties": False,
    }


def _property(asked: Asked) -> dict[str, object]:
    schema: dict[str, object] = {"type": asked.type, "description": asked.question}
    if asked.type == "array":
        items: dict[str, object] = {"type": "string"}
        return schema | {"items": items | ({"enum": list(asked.enum)} if asked.enum else {})}
    if asked.enum:
        schema["enum"] = list(asked.enum)
    if asked.type in {"integer", "number"}:
        bounds = {"minimum": asked.min, "maximum": asked.max}
        schema |= {name: bound for name, bound in bounds.items() if bound is not None}
    return schema
