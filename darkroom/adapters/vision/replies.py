"""Find the JSON object in what a model wrote.

Owns the order of attempts: the text as it is, the text inside a fence, the first
balanced object, and last a repair of almost-JSON. Gives None where none works.
"""

import json
import re
from typing import cast

import json_repair

_FENCE = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL | re.IGNORECASE)
_THOUGHTS = re.compile(r"<think>.*?</think>", re.DOTALL)
_MAX_CHARACTERS = 60_000
_MAX_OPEN_BRACES = 200


def json_object(text: str) -> dict[str, object] | None:
    """Return the object a reply holds, or None."""
    told = _THOUGHTS.sub("", text[:_MAX_CHARACTERS])
    for candidate in _candidates(told):
        found = _strict(candidate)
        if found is not None:
            return found
    return _repaired(told)


def _candidates(text: str) -> list[str]:
    fenced = [match.strip() for match in _FENCE.findall(text)]
    start, end = text.find("{"), text.rfind("}")
    inner = [text[start : end + 1]] if 0 <= start < end else []
    return [text.strip(), *fenced, *inner]


def _strict(text: str) -> dict[str, object] | None:
    try:
        value: object = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _repaired(text: str) -> dict[str, object] | None:
    start = text.find("{")
    if start < 0 or text.count("{") + text.count("[") > _MAX_OPEN_BRACES:
        return None
    try:
        value: object = json_repair.loads(text[start:], skip_json_loads=True)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, object]", value) if isinstance(value, dict) and value else None
