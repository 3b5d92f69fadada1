"""Reading JSON that others sent: parts that are not of the expected kind count as absent."""

from typing import Any, cast


def mapping(value: object) -> dict[str, Any]:
    """The value where it is an object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def listing(value: object) -> list[Any]:
    """The value where it is a list, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def text(value: object) -> str | None:
    """The value where it is text."""
    return value if isinstance(value, str) else None
