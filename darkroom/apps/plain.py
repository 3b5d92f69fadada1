"""Turn records into what JSON can say.

Owns one conversion, used for every `--json` answer: dataclasses and pydantic
models become objects, paths and times become strings, NaN becomes null. Secrets
stay masked because pydantic's own masking is what gets written.
"""

import dataclasses
import math
from collections.abc import Mapping
from datetime import date
from enum import Enum
from pathlib import PurePath
from typing import Protocol, cast, runtime_checkable


@runtime_checkable
class _Model(Protocol):
    """A pydantic model, without importing pydantic for commands that use none."""

    def model_dump(self, *, mode: str) -> dict[str, object]: ...


def plain(value: object) -> object:
    """Return the value as dicts, lists, strings, numbers, booleans and None."""
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value)
        return {str(key): plain(item) for key, item in pairs.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in cast("list[object]", value)]
    if value is None or isinstance(value, bool | int | float | str | Enum | date | PurePath):
        return _scalar(value)
    return _record(value)


def _scalar(value: object) -> object:
    match value:
        case Enum():
            return plain(value.value)
        case float():
            return value if math.isfinite(value) else None
        case date():
            return value.isoformat()
        case PurePath():
            return str(value)
        case _:
            return value


def _record(value: object) -> object:
    if isinstance(value, _Model):
        return plain(value.model_dump(mode="json"))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    return str(value)
