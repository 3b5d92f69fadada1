"""Text as documents can keep it, of names and values that may hold what is no text.

A file name is bytes and need not be UTF-8; JSON may hold half a surrogate pair or NUL. Owns
what stands for these: the byte as its escape, else the sign for what cannot be shown. The name
itself stays as it is for whoever opens the file.
"""

import codecs
import math
import re
from typing import Any, cast

_NAME_BYTE = re.compile("[\udc80-\udcff]")
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_BYTE_BASE = 0xDC00
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_INTEGERS = range(-(2**63), 2**64)
_STANDS_FOR = "\N{REPLACEMENT CHARACTER}"
_DEEPEST = 50
"""A sidecar nests 64 levels at most; what is deeper in a value is nothing a person wrote."""


def readable(text: str) -> str:
    """The text itself where it is one, else with signs for what is not."""
    if not _NO_TEXT.search(text):
        return text
    shown = _NAME_BYTE.sub(lambda found: f"\\x{ord(found[0]) - _BYTE_BASE:02x}", text)
    return _NO_TEXT.sub(_STANDS_FOR, shown)


def readable_json(value: Any, depth: int = 0) -> Any:
    """The same for every text of a JSON value, and text for numbers no document can keep."""
    match value:
        case float() if not math.isfinite(value):
            return None
        case int() if value not in _INTEGERS:
            return str(value)
        case str():
            return readable(value)
        case dict() | list() | tuple():
            return None if depth == _DEEPEST else _of_parts(value, depth + 1)
        case _:
            return value


def _of_parts(value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        items = cast("dict[Any, Any]", value).items()
        return {readable(str(name)): readable_json(item, depth) for name, item in items}
    return [readable_json(item, depth) for item in cast("list[Any]", value)]


def decoded(data: bytes) -> str:
    """The text of a file: UTF-8, with a mark also UTF-16, else as older Windows writes it."""
    if data.startswith(_UTF_16):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
