"""Tolerant casts: what a column can hold of a JSON value, or NULL.

Owns the tolerance of the warehouse: a wrong type never refuses a document, because
the whole of it is kept beside the columns. Numbers written as text are taken.
"""

import math
from datetime import UTC, datetime

import orjson

from darkroom.core.sidecar.fields import Json

Document = dict[str, Json]
_INT32 = 2**31
_INT64 = 2**63
_UINT64 = 2**64
_MOST_DIGITS = 20
_NOTHING: Document = {}


def part(document: Document, name: str) -> Document:
    """An object within, or an empty one."""
    found = document.get(name)
    return found if isinstance(found, dict) else _NOTHING


def items(value: Json) -> list[Json]:
    """A list, or an empty one."""
    return value if isinstance(value, list) else []


def objects(value: Json) -> list[Document]:
    """The objects of a list."""
    return [item for item in items(value) if isinstance(item, dict)]


def text(value: Json) -> str | None:
    """Text as it is; a number as text; nothing else."""
    if value is None or isinstance(value, str):
        return value
    return None if isinstance(value, bool | dict | list) else str(value)


def flag(value: Json) -> bool | None:
    """A truth value, or nothing."""
    return value if isinstance(value, bool) else None


def within(value: Json, lowest: float, highest: float) -> float | None:
    """A finite number of that range, also from text."""
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and lowest <= found <= highest else None


def integer(value: Json) -> int | None:
    """A whole number of 32 bits."""
    return _whole(value, -_INT32, _INT32)


def big(value: Json) -> int | None:
    """A whole number of 64 bits."""
    return _whole(value, -_INT64, _INT64)


def seed(value: Json) -> int | None:
    """A seed: 0 to 2^64-1."""
    return _whole(value, 0, _UINT64)


def _whole(value: Json, lowest: int, above: int) -> int | None:
    found = _as_whole(value)
    return found if found is not None and lowest <= found < above else None


def _as_whole(value: Json) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    # longer text is never turned into a number: that costs quadratic time
    if isinstance(value, str) and len(value) <= _MOST_DIGITS and value.isascii():
        return int(value) if value.removeprefix("-").isdigit() else None
    return None


def when(value: Json) -> datetime | None:
    """A moment as UTC without a zone, the way the columns hold it."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None:
            return found
        moved = found if found.tzinfo is UTC else found.astimezone(UTC)
        return moved.replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def shown(value: Json) -> str | None:
    """Text as it is, null as NULL, anything else as JSON."""
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()
