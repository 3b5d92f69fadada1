"""Narrow parsed JSON to the few shapes workflows are made of.

Owns the step from `object` to typed values. Never raises: what does not have the
asked shape comes back as None or empty, and the caller says why that matters.
"""

from collections.abc import Mapping
from typing import cast


def as_object(value: object) -> Mapping[str, object] | None:
    """The value as a JSON object, or None."""
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else None


def as_list(value: object) -> list[object] | None:
    """The value as a JSON array, or None."""
    return cast("list[object]", value) if isinstance(value, list) else None


def object_at(parent: Mapping[str, object], key: str) -> Mapping[str, object]:
    """The object under a key, empty where there is none."""
    return as_object(parent.get(key)) or {}


def list_at(parent: Mapping[str, object], key: str) -> list[object]:
    """The array under a key, empty where there is none."""
    return as_list(parent.get(key)) or []


def text_at(parent: Mapping[str, object], key: str) -> str:
    """The string under a key, empty where there is none."""
    value = parent.get(key)
    return value if isinstance(value, str) else ""


def whole_number(value: object) -> int | None:
    """The value as an integer; booleans are not numbers here."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(value: object) -> float | None:
    """The value as a number; booleans are not numbers here."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
