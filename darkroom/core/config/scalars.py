"""What an unquoted word of YAML means, without the silent traps.

Owns the reading of plain scalars. YAML 1.1 takes 1:30 for ninety and 012 for ten;
such words are refused here instead of being read as anything. Words whose reading
may surprise (yes, 1e3) keep how they were written, for whoever finds the wrong
type.
"""

import math
import re
from dataclasses import dataclass

from darkroom.core.config.tree import Scalar
from darkroom.core.text import shortened

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {
    form: meaning
    for word, meaning in {
        "yes": True,
        "no": False,
        "true": True,
        "false": False,
        "on": True,
        "off": False,
    }.items()
    for form in (word, word.capitalize(), word.upper())
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)\Z", re.ASCII)
_HEXADECIMAL = re.compile(r"[-+]?0x[0-9a-fA-F_]*[0-9a-fA-F]\Z")
_FLOAT = re.compile(
    r"[-+]?(?:(?:0|[1-9][0-9_]*)\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?\Z", re.ASCII
)
_EXPONENT = re.compile(r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)[eE][-+]?[0-9]+\Z")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?\Z", re.ASCII)
_OTHER_BASE = re.compile(r"[-+]?0(?:[bB][01_]+|[oO][0-7_]+)\Z")
_SIXTIES = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_MOST_DIGITS = 40
_SHOWN = 60


@dataclass(frozen=True)
class Reading:
    """The value of a plain scalar; with a refusal there is none."""

    value: Scalar
    written: str | None = None
    refusal: str | None = None


def read_scalar(text: str) -> Reading:
    """Read one unquoted word."""
    if text in _NULLS:
        return Reading(None)
    if text in _BOOLEANS:
        return Reading(_BOOLEANS[text], text)
    refusal = _refusal(text)
    if refusal is not None:
        return Reading(None, refusal=refusal)
    return _number(text) or Reading(text)


def _refusal(text: str) -> str | None:
    shown = shortened(text, _SHOWN)
    if _SIXTIES.match(text):
        return f"{shown} is read in base sixty by YAML; write '{shown}' in quotes for the text"
    if _LEADING_ZERO.match(text):
        plain = text.replace("_", "").lstrip("+-0") or "0"
        number = shortened(f"0{plain}" if plain.startswith((".", "e", "E")) else plain, _SHOWN)
        return (
            f"{shown} starts with a zero, which YAML may read in base eight; write {number} for"
            f" the number or '{shown}' in quotes for the text"
        )
    if _OTHER_BASE.match(text):
        return f"{shown} is read differently by YAML 1.1 and 1.2; write it in decimal or in quotes"
    if _NOT_FINITE.match(text):
        return f"{shown} is no number that can be used; write '{shown}' in quotes for the text"
    return None


def _number(text: str) -> Reading | None:
    if _INTEGER.match(text) or _HEXADECIMAL.match(text):
        if len(text) > _MOST_DIGITS:
            return Reading(None, refusal=f"a number of {len(text)} characters is too long")
        return Reading(int(text.replace("_", ""), 16 if "x" in text else 10))
    if _FLOAT.match(text):
        value = float(text.replace("_", ""))
        if not math.isfinite(value):
            return Reading(None, refusal=f"{shortened(text, _SHOWN)} is too large for a number")
        return Reading(value)
    return Reading(text, text) if _EXPONENT.match(text) else None


def control_character(text: str) -> str | None:
    """The first character that no text of ours may hold, as people would look it up."""
    found = _CONTROL.search(text)
    return f"U+{ord(found[0]):04X}" if found else None
