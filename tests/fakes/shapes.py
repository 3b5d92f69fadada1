"""Compare the structure of two JSON values: keys and kinds, not contents."""

from typing import Any


def differences(actual: Any, recorded: Any, place: str = "$") -> list[str]:
    """Where the first has not the structure of the second; more keys than recorded count too."""
    if recorded is None or actual is None:
        return [] if recorded == actual else [f"{place}: {actual!r} for {recorded!r}"]
    if isinstance(recorded, dict) and isinstance(actual, dict):
        return _of_objects(actual, recorded, place)
    if isinstance(recorded, list) and isinstance(actual, list):
        return _of_lists(actual, recorded, place)
    same = _kind(actual) == _kind(recorded)
    return [] if same else [f"{place}: {_kind(actual)} for {_kind(recorded)}"]


def _of_objects(actual: dict[str, Any], recorded: dict[str, Any], place: str) -> list[str]:
    found = [f"{place}.{key} is missing" for key in recorded.keys() - actual.keys()]
    found += [f"{place}.{key} is new" for key in actual.keys() - recorded.keys()]
    for key in recorded.keys() & actual.keys():
        found += differences(actual[key], recorded[key], f"{place}.{key}")
    return found


def _of_lists(actual: list[Any], recorded: list[Any], place: str) -> list[str]:
    if not recorded or not actual:
        return []
    return [
        line
        for at, item in enumerate(actual)
        for line in differences(item, recorded[min(at, len(recorded) - 1)], f"{place}[{at}]")
    ]


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__
