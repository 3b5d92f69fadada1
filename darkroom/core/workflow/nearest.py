"""The valid name nearest to a wrong one, for models and files.

Owns the order of likeness: the same but for separators and case, the same file in
another folder, the same but for the extension, then likeness of spelling. People mean
`SDXL/base.safetensors` when they write it with a backslash, or `base.ckpt`.
"""

from collections.abc import Iterable
from difflib import get_close_matches

_MOST_COMPARED = 2_000
_LIKE_ENOUGH = 0.7


def nearest_name(name: str, valid: Iterable[str]) -> str | None:
    """The valid name that was most likely meant, or None."""
    names = list(valid)
    for form in (_plain, _file, _stem):
        wanted = form(name)
        same = [one for one in names if form(one) == wanted]
        if same:
            return same[0]
    return _alike(name, names)


def _alike(name: str, names: list[str]) -> str | None:
    """By spelling of the stem: a shared extension would make any two files look alike."""
    by_form = {_stem(one): one for one in reversed(names[:_MOST_COMPARED])}
    close = get_close_matches(_stem(name), by_form, n=1, cutoff=_LIKE_ENOUGH)
    return by_form[close[0]] if close else None


def _plain(name: str) -> str:
    return name.casefold().replace("\\", "/").replace("-", "_").replace(" ", "_")


def _file(name: str) -> str:
    return _plain(name).rpartition("/")[2]


def _stem(name: str) -> str:
    file = _file(name)
    return file.rpartition(".")[0] or file
