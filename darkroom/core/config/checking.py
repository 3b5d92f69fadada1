"""Hold a document against its model and say, in plain words, all that is wrong.

Owns the wording of every mistake of shape. A message never shows a value that may
be a secret, nor the value of a key that is not known.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from darkroom.core.config import shapes
from darkroom.core.config.faults import MOST_TOLD, Fault, near_name, told
from darkroom.core.config.scalars import read_scalar
from darkroom.core.config.shapes import Model
from darkroom.core.config.tree import Items, Leaf, Node, Path, Scalar, find, plain
from darkroom.core.errors import Problem
from darkroom.core.text import shortened

UNKNOWN_KEY = "unknown key"
_SHOWN = 60
_MOST_READ = 1000
_KEY = "[key]"  # how the validator marks a complaint about a key itself
_EXACT = 1e15
_SECRET_WORDS = re.compile(r"key|secret|token|password", re.IGNORECASE)


M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class _Wrong:
    """One complaint of the validator, with what the document holds there."""

    model: Model
    tree: Node
    path: Path
    kind: str
    message: str
    context: Mapping[str, object]

    @property
    def node(self) -> Node | None:
        return find(self.tree, self.path)


def checked(
    model: type[M], tree: Node, contradictions: Callable[[object], Iterator[Fault]] | None = None
) -> tuple[M | None, tuple[Problem, ...]]:
    """The document as its model, and every mistake in it; the model only when there is none."""
    values = plain(tree)
    found, faults = _validated(model, tree, values)
    if contradictions is not None:
        faults += islice(contradictions(values), MOST_TOLD + 1)
    return (None, told(tree, faults)) if faults else (found, ())


def _validated(model: type[M], tree: Node, values: object) -> tuple[M | None, list[Fault]]:
    try:
        return model.model_validate(values), []
    except ValidationError as error:
        # the error is dropped here: it may hold a secret
        details = cast("Sequence[Mapping[str, Any]]", error.errors(include_url=False))
        return None, list(_faults(model, tree, details))


def _faults(model: Model, tree: Node, details: Sequence[Mapping[str, Any]]) -> Iterator[Fault]:
    for detail in details[:_MOST_READ]:
        location: tuple[str | int, ...] = detail["loc"]
        kind = _KEY if _KEY in location else detail["type"]
        path = tuple(step for step in location if step != _KEY)
        wrong = _Wrong(model, tree, path, kind, detail["msg"], detail.get("ctx") or {})
        if not _counts_only_good_ones(wrong):
            yield _fault(wrong)


def _counts_only_good_ones(wrong: _Wrong) -> bool:
    """Whether a list is called too short only because its entries are wrong."""
    return wrong.kind == "too_short" and isinstance(wrong.node, Items) and bool(wrong.node.items)


def _fault(wrong: _Wrong) -> Fault:
    match wrong.kind:
        case "extra_forbidden":
            return _unknown_key(wrong)
        case "missing":
            return Fault(wrong.path, f"is missing; {_wanted(wrong)}")
        case "literal_error":
            return _no_such_word(wrong)
        case "[key]":
            return _bad_key(wrong)
        case _:
            return Fault(wrong.path, _worded(wrong))


def _unknown_key(wrong: _Wrong) -> Fault:
    name = str(wrong.path[-1])
    here = shapes.fields_at(wrong.model, wrong.path[:-1])
    elsewhere = [key for key in shapes.keys_of(wrong.model) if key.split(".")[-1] == name]
    near = elsewhere[0] if elsewhere else near_name(name, here)
    return Fault(wrong.path, f"{UNKNOWN_KEY}; expected one of {', '.join(here)}", near)


def _bad_key(wrong: _Wrong) -> Fault:
    name, said = str(wrong.path[-1]), _own_words(wrong)
    words = _words(wrong)
    if words:
        return Fault(wrong.path, f"unknown name; expected {_or(words)}", near_name(name, words))
    return Fault(wrong.path, said)


def _no_such_word(wrong: _Wrong) -> Fault:
    words = _words(wrong)
    node = wrong.node
    value = node.value if isinstance(node, Leaf) else None
    near = near_name(value, words) if isinstance(value, str) else None
    return Fault(wrong.path, f"expected {_or(words)}, got {_got(wrong)}", near)


def _words(wrong: _Wrong) -> list[str]:
    return re.findall(r"'([^']*)'", str(wrong.context.get("expected", "")))


def _or(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping of names to values",
    "model_type": "a mapping of keys to values",
}


def _worded(wrong: _Wrong) -> str:
    expected = _EXPECTED.get(wrong.kind)
    if expected is not None:
        return _trap(wrong) or f"expected {expected}, got {_got(wrong)}"
    limit = _LIMITS.get(wrong.kind)
    if limit is not None:
        name, text = limit
        return f"must {text.format(_number(wrong.context[name]))}, got {_got(wrong)}"
    return _own_words(wrong)


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


_LIMITS = {
    "greater_than": ("gt", "be above {}"),
    "greater_than_equal": ("ge", "be at least {}"),
    "less_than": ("lt", "be below {}"),
    "less_than_equal": ("le", "be at most {}"),
    "multiple_of": ("multiple_of", "be a multiple of {}"),
    "too_short": ("min_length", "hold {} or more entries"),
    "too_long": ("max_length", "hold no more than {} entries"),
}


def _own_words(wrong: _Wrong) -> str:
    return wrong.message.removeprefix("Value error, ")


def _wanted(wrong: _Wrong) -> str:
    kind = shapes.kind_at(wrong.model, wrong.path)
    inner = shapes.fields_at(wrong.model, wrong.path)
    if inner:
        return f"expected a mapping with {', '.join(inner)}"
    return "expected text" if shapes.holds_text(kind) else "it must be there"


def _trap(wrong: _Wrong) -> str | None:
    """Explain a value that YAML reads otherwise than it looks."""
    node = wrong.node
    if not isinstance(node, Leaf):
        return None
    if node.value is None:
        return f"is empty; write {_EXPECTED[wrong.kind]} or remove the line"
    written = node.origin.written
    if not isinstance(node.value, str) or wrong.kind not in ("int_type", "float_type"):
        return None
    meant = read_scalar(node.value).value
    if isinstance(meant, int | float) and not isinstance(meant, bool):
        return f"expected {_EXPECTED[wrong.kind]}, got {_got(wrong)}; write it without quotes"
    if written:
        return f"YAML reads {shortened(written, _SHOWN)} as text; write {_spelled(written)}"
    return None


def _spelled(written: str) -> str:
    """The number so that every YAML reader sees one."""
    value = float(written)
    if not math.isfinite(value):
        return "a number within range"
    is_handy = value == 0 or 1 / _EXACT < abs(value) < _EXACT
    return f"{Decimal(written.replace('_', '')):f}" if is_handy else f"{value:e}"


def _got(wrong: _Wrong) -> str:
    """What the document holds there, unless it may be a secret."""
    if any(isinstance(step, str) and _SECRET_WORDS.search(step) for step in wrong.path):
        return "something else"
    match wrong.node:
        case Leaf(value=value):
            return _shown(value)
        case Items():
            return "a list"
        case _:
            return "a mapping"


def _shown(value: Scalar) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return f"the text {shortened(value, _SHOWN)!r}"
    return str(value).lower() if isinstance(value, bool) else shortened(str(value), _SHOWN)
