"""Text that is safe to print and names that are close to each other.

Owns the escaping of control characters (a prompt, a file name or a model's
answer may carry terminal sequences) and the search for the nearest valid name.
"""

import difflib
import unicodedata
from collections.abc import Iterable

_KEEP = frozenset("\n\t")
_LATIN_1_END = 0xFF
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def visible(text: str) -> str:
    """Escape every character that would act on a terminal instead of showing."""
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character in _KEEP or unicodedata.category(character) not in _HIDDEN_CATEGORIES:
        return character
    point = ord(character)
    return f"\\x{point:02x}" if point <= _LATIN_1_END else f"\\u{{{point:x}}}"


def shortened(text: str, limit: int) -> str:
    """Cut long text, saying how much is left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}... ({len(text) - limit} more characters)"


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like the name, ignoring case and separators, or None."""
    by_form: dict[str, str] = {}
    for candidate in candidates:
        by_form.setdefault(_form(candidate), candidate)
    close = difflib.get_close_matches(_form(name), by_form, n=1, cutoff=0.6)
    return by_form[close[0]] if close else None


def _form(name: str) -> str:
    return name.casefold().replace("\\", "/").replace("-", "_")
