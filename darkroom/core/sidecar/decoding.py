"""From bytes to one JSON object, or a precise refusal.

Owns every guard against hostile or broken files: size, depth, duplicate keys,
numbers no reader agrees on, text that is no text. It knows nothing about what a
sidecar holds. Nothing is read that Python would not survive: size is checked
before parsing and depth before anything walks the result.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import NoReturn, cast

from darkroom.core.errors import SidecarDamaged
from darkroom.core.sidecar.fields import Json
from darkroom.core.sidecar.findings import Finding, pointer
from darkroom.core.text import shortened

MAX_BYTES = 1_000_000
MAX_DEPTH = 64
_MAX_DIGITS = 20
_INTEGERS = range(-(2**63), 2**64)
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Decoded:
    """One JSON object; `repairs` names text that had to be mended to be text."""

    document: dict[str, Json]
    repairs: tuple[Finding, ...]


def decode(data: bytes, where: str = "") -> Decoded:
    """Decode one JSON object, or raise SidecarDamaged with the reason and the field."""
    text = _text(data, where)
    value = _parsed(text, where)
    if not isinstance(value, dict):
        raise SidecarDamaged("sidecar-not-json", "holds JSON, but not one object", where=where)
    if _is_plain(cast("object", value), MAX_DEPTH):
        return Decoded(cast("dict[str, Json]", value), ())
    walk = _Walk(where)
    return Decoded(walk.mapping(cast("dict[str, object]", value), ()), tuple(walk.repairs))


def _text(data: bytes, where: str) -> str:
    if len(data) > MAX_BYTES:
        message = f"{len(data)} bytes; a sidecar has at most {MAX_BYTES}"
        raise SidecarDamaged("sidecar-too-large", message, where=where)
    if not data.strip(b" \t\r\n\x00"):
        raise SidecarDamaged("sidecar-empty", f"{len(data)} bytes, none of them text", where=where)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        if exc.reason == "unexpected end of data":
            raise _truncated(len(data), where) from exc
        message = f"not UTF-8 from byte {exc.start}"
        raise SidecarDamaged("sidecar-not-json", message, where=where) from exc
    if text.lstrip().startswith("<"):
        message = f"a web page or XML: {shortened(text.strip(), 60)!r}"
        raise SidecarDamaged("sidecar-html", message, where=where)
    return text


def _truncated(size_bytes: int, where: str) -> SidecarDamaged:
    return SidecarDamaged(
        "sidecar-truncated", f"ends in mid-text at byte {size_bytes}", where=where
    )


@dataclass(frozen=True)
class _Twice:
    """Stands where an object held one key twice, until its place is known."""

    key: str


@dataclass(frozen=True)
class _Number:
    """Stands where a number was that no JSON reader agrees on."""

    text: str


def _pairs(pairs: list[tuple[str, object]]) -> object:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    return _Twice(next(key for key, _ in pairs if key in seen or seen.add(key)))


def _integer(text: str) -> object:
    # longer text is never turned into a number: that costs quadratic time
    if len(text) > _MAX_DIGITS or int(text) not in _INTEGERS:
        return _Number(text)
    return int(text)


def _float(text: str) -> object:
    value = float(text)
    return value if math.isfinite(value) else _Number(text)


def _parsed(text: str, where: str) -> object:
    try:
        return json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_constant=_Number,
            parse_int=_integer,
            parse_float=_float,
        )
    except json.JSONDecodeError as exc:
        body = text.strip()
        at_end = exc.pos >= len(text.rstrip()) or not body.endswith("}")
        if body.startswith("{") and at_end and not exc.msg.startswith("Extra data"):
            raise _truncated(len(text.encode()), where) from exc
        message = f"not JSON at line {exc.lineno} column {exc.colno}: {exc.msg}"
        raise SidecarDamaged("sidecar-not-json", message, where=where) from exc
    except (RecursionError, MemoryError) as exc:
        raise _too_deep(where) from exc


def _too_deep(where: str) -> SidecarDamaged:
    message = f"nested deeper than {MAX_DEPTH} levels"
    return SidecarDamaged("sidecar-too-deep", message, where=where)


def _is_plain(value: object, room: int) -> bool:
    """Whether nothing below needs refusing or mending; several times quicker than the walk."""
    if room < 0:
        return False
    if isinstance(value, str):
        return _NO_TEXT.search(value) is None
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value).items()
        return all(_is_plain(key, 0) and _is_plain(item, room - 1) for key, item in pairs)
    if isinstance(value, list):
        return all(_is_plain(item, room - 1) for item in cast("list[object]", value))
    return not isinstance(value, _Twice | _Number)


class _Walk:
    """One pass over the parsed value: refuse what cannot be kept, mend text that is none."""

    def __init__(self, where: str) -> None:
        self._where = where
        self.repairs: list[Finding] = []

    def mapping(self, value: dict[str, object], path: tuple[str | int, ...]) -> dict[str, Json]:
        result: dict[str, Json] = {}
        for key, item in value.items():
            name = self._string(key, (*path, _mended(key)))
            if name in result:
                self._twice(name, path)
            result[name] = self._value(item, (*path, name))
        return result

    def _value(self, value: object, path: tuple[str | int, ...]) -> Json:
        if len(path) > MAX_DEPTH:
            raise _too_deep(f"{self._where}#{pointer(path[:3])}/...")
        match value:
            case dict():
                return self.mapping(cast("dict[str, object]", value), path)
            case list():
                items = cast("list[object]", value)
                return [self._value(item, (*path, place)) for place, item in enumerate(items)]
            case str():
                return self._string(value, path)
            case _Twice(key):
                return self._twice(key, path)
            case _Number(text):
                return self._no_number(text, path)
            case _:
                return cast("Json", value)

    def _string(self, text: str, path: tuple[str | int, ...]) -> str:
        mended = _mended(text)
        if mended != text:
            message = "held characters that are no text (NUL or half a surrogate pair)"
            self.repairs.append(Finding(pointer(path), message))
        return mended

    def _twice(self, key: str, path: tuple[str | int, ...]) -> NoReturn:
        place = f"{self._where}#{pointer((*path, _mended(key)))}"
        message = f"the key {shortened(_mended(key), 60)!r} stands twice in one object"
        raise SidecarDamaged("sidecar-duplicate-key", message, where=place)

    def _no_number(self, text: str, path: tuple[str | int, ...]) -> NoReturn:
        message = f"{shortened(text, 30)} is not a number a sidecar can hold"
        raise SidecarDamaged("sidecar-number", message, where=f"{self._where}#{pointer(path)}")


def _mended(text: str) -> str:
    return _NO_TEXT.sub("\ufffd", text)
