"""How filters may be written, and what they come to as parameters of the query `selected`.

Owns "10000..20000", "7d", AXIS=VALUE and their like, as text or as Python values. Every
mistake is told at once. Knows neither SQL nor a clock: the present comes in as a value.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias, cast

from darkroom.core.errors import UsageError
from darkroom.core.selection import BY_NAME, FILTERS, Filter, Kind
from darkroom.core.text import nearest

MAX_SEED = 2**64 - 1
_AGO = re.compile(r"(\d{1,6})([hdw])\Z")
_HOURS = {"h": 1, "d": 24, "w": 168}
_PLURALS = {
    "image": "images",
    "project": "projects",
    "run": "runs",
    "grade": "grades",
    "failure": "failures",
}

Parameter: TypeAlias = str | int | float | bool | datetime | list[str]
Parameters: TypeAlias = dict[str, Parameter]
Asked: TypeAlias = Mapping[str, object]


def parameters_of(asked: Asked, now: datetime) -> Parameters:
    """What the query `selected` needs; filters that are None are as if not given."""
    found: Parameters = {}
    mistakes: list[str] = []
    for name, value in {"tests": None, "archived": None, "deleted": None, **asked}.items():
        item = BY_NAME.get(name)
        if item is None:
            mistakes.append(_unknown(name))
        elif value is not None or item.kind == "leave":
            try:
                found |= _read(item, value, now)
            except ValueError as exc:
                mistakes.append(f"{name}: {exc}")
    mistakes += _clashes(asked)
    if mistakes:
        raise UsageError("selection-invalid", "; ".join(mistakes))
    return found


def beyond_scale(asked: Asked) -> list[str]:
    """What is wrong with ranges that hardly any value can lie in, as `--min-score 80`."""
    return [
        f"{item.name} goes from 0 to {item.most:g}"
        for item in FILTERS
        if item.most < math.inf
        and (value := asked.get(item.name)) is not None
        and _ends((value, None) if item.kind == "least" else value, 0, math.inf)[0] > item.most
    ]


def _unknown(name: str) -> str:
    close = nearest(name, BY_NAME)
    return f"{name}: there is no such filter" + (f" (did you mean {close}?)" if close else "")


def _clashes(asked: Asked) -> list[str]:
    return [
        f"{item.name}: {item.of} is given as well"
        for item in FILTERS
        if item.kind == "least"
        and asked.get(item.name) is not None
        and asked.get(item.of) is not None
    ]


def _read(item: Filter, value: object, now: datetime) -> Parameters:
    return _READERS[item.kind](item, value, now)


def _one_of(item: Filter, text: str) -> str:
    if item.choices and text not in item.choices:
        raise ValueError(f"{text[:40]!r} is none of {', '.join(item.choices)}")
    return text


def _several(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(item) for item in cast("Sequence[object]", value)]


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("is true or false")  # noqa: TRY004 - told with the other mistakes
    return value


def _leave(item: Filter, value: object) -> Parameters:
    text = "exclude" if value is None else str(value)
    if _one_of(item, text) == "include":
        return {}
    return {item.name: text == "only"}


def _axis(text: str) -> Parameters:
    axis, equals, value = text.partition("=")
    if not (axis and equals):
        raise ValueError("is written AXIS=VALUE")
    return {"axis": axis, "axis_value": value}


def _entry(text: str) -> Parameters:
    """`a.b=5` as where it may stand, `b` within `a` or a name with a dot, and its text.

    Places are JSON pointers, which no sign in a name can spoil.
    """
    path, equals, value = text.partition("=")
    steps = path.split(".")
    if not all(steps):
        raise ValueError("is written KEY=VALUE or KEY, as in camera.lens=50mm")
    places = dict.fromkeys(["".join(map(_step, steps)), _step(path)])
    return {"extra_keys": list(places), **({"extra_value": value} if equals else {})}


def _step(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _metric(text: str) -> Parameters:
    name, _, written = text.partition("=")
    low, high = _ends(written or "..", -math.inf, math.inf)
    return {"metric": name, "metric_from": low, "metric_to": high}


def _range(item: Filter, value: object) -> Parameters:
    name = item.of or item.name
    if item.kind == "least":
        value = (value, None)
    if item.kind == "whole":
        low, high = _ends(value, 0, MAX_SEED)
        return {f"{name}_from": _integer(low), f"{name}_to": _integer(high)}
    low, high = _ends(value, -math.inf, math.inf)
    return {f"{name}_from": float(low), f"{name}_to": float(high)}


def _integer(number: float) -> int:
    if number != int(number):
        raise ValueError(f"{number} is no whole number")
    return int(number)


def _ends(value: object, lowest: float, highest: float) -> tuple[float, float]:
    """The two ends of "5", "5..", "..7", "5..7", 5 or (5, 7); both are part of the range."""
    if isinstance(value, str):
        first, dots, last = value.partition("..")
        low, high = first, (last if dots else first)
    elif isinstance(value, int | float):
        low, high = value, value
    else:
        low, high = cast("Sequence[object]", value)
    ends = _number(low, lowest), _number(high, highest)
    if ends[0] > ends[1]:
        raise ValueError(f"{ends[0]} is more than {ends[1]}")
    return ends


def _number(value: object, otherwise: float) -> float:
    if value is None or value == "":
        return otherwise
    text = str(value).strip()
    try:
        number = int(text) if text.isascii() and text.isdigit() else float(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no number and no range such as 5..7") from None
    if math.isnan(number) or abs(number) > MAX_SEED:
        raise ValueError(f"{text[:40]!r} is out of range")
    return number


def moment_of(value: object, now: datetime) -> datetime:
    """A moment as the warehouse keeps it (UTC, without a zone), from a date, a time or "7d"."""
    if isinstance(value, datetime):
        return _utc(value)
    text = str(value).strip()
    try:
        if ago := _AGO.match(text):
            return _utc(now - timedelta(hours=int(ago[1]) * _HOURS[ago[2]]))
        return _utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise ValueError(f"{text[:40]!r} is no moment such as 2026-01-31 or 7d") from None


def _utc(when: datetime) -> datetime:
    return when.astimezone(UTC).replace(tzinfo=None) if when.tzinfo else when


_READERS: dict[Kind, Callable[[Filter, object, datetime], Parameters]] = {
    "text": lambda item, value, _: {item.name: _one_of(item, str(value))},
    "texts": lambda item, value, _: {
        _PLURALS[item.name]: [_one_of(item, text) for text in _several(value)]
    },
    "flag": lambda item, value, _: {item.name: _flag(value)},
    "moment": lambda item, value, now: {item.name: moment_of(value, now)},
    "leave": lambda item, value, _: _leave(item, value),
    "axis": lambda _item, value, _: _axis(str(value)),
    "entry": lambda _item, value, _: _entry(str(value)),
    "of": lambda _item, value, _: _metric(str(value)),
    "range": lambda item, value, _: _range(item, value),
    "whole": lambda item, value, _: _range(item, value),
    "least": lambda item, value, _: _range(item, value),
}
