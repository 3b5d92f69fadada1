"""JSON files that people hand us: workflows, above all.

Owns strictness: one document, no NaN, no key twice, bounded size and depth. A
mistake is a `Refused` with a text for people; nothing else is ever raised.
"""

import json
from pathlib import Path

from darkroom.adapters.confined import Refused, read_bounded

MAX_BYTES = 8_000_000


def read_json(path: Path, limit: int = MAX_BYTES) -> object:
    """Read one JSON document, or raise Refused."""
    data = read_bounded(path, limit)
    try:
        text = data.decode("utf-8-sig")
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise Refused("is not UTF-8; save it with that encoding") from None
    except json.JSONDecodeError as error:
        raise Refused(f"is not JSON: {error.msg} in line {error.lineno}") from None
    except RecursionError:
        raise Refused("is nested too deeply") from None
    except Refused:
        raise
    except ValueError:
        raise Refused("holds a number that is too long") from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refused(f"has the key {twice[:80]!r} twice in one object")
    return found


def _no_constant(word: str) -> object:
    raise Refused(f"holds {word}, which is no JSON number")
