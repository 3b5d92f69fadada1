"""What two entries of rules.yaml must not say together.

Owns the checks that the shape of single entries cannot show: names used twice,
bounds the wrong way round, parents that do not exist or go round in a circle,
terms both wanted and banned. Reads the bare document and skips what is malformed,
so these mistakes are told together with those of shape.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import cast, get_args

from darkroom.core.config.faults import Fault, near_name
from darkroom.core.config.fields import ValueType
from darkroom.core.config.rules import MOST_ENTRIES
from darkroom.core.config.tree import Path

CRITERIA, QUESTIONS = "acceptance_criteria", "questions"
_MOST_PARENTS = 50
_MOST_CIRCLES = 10
_TYPES = get_args(ValueType)
_BOUNDED = ("integer", "number", "boolean")


@dataclass(frozen=True)
class _Entry:
    """One criterion or question, as far as it is well formed."""

    path: Path
    values: Mapping[str, object]

    @property
    def field(self) -> str | None:
        return self.text("field")

    @property
    def type(self) -> str | None:
        kind = self.text("type", "boolean" if self.path[0] == CRITERIA else None)
        return kind if kind in _TYPES else None

    def text(self, key: str, default: str | None = None) -> str | None:
        value = self.values.get(key, default)
        return value if isinstance(value, str) else default

    def number(self, key: str) -> float | None:
        value = self.values.get(key)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def texts(self, key: str) -> list[tuple[Path, str]]:
        """The texts under a key, each with its path; one text counts as a list of one."""
        value = self.values.get(key)
        if isinstance(value, str):
            return [((*self.path, key), value)]
        listed = cast("list[object]", value) if isinstance(value, list) else []
        return [
            ((*self.path, key, index), item)
            for index, item in enumerate(listed)
            if isinstance(item, str)
        ]


def rule_faults(document: object) -> Iterator[Fault]:
    """Every contradiction in the bare values of a rules.yaml."""
    criteria, questions = _entries(document, CRITERIA), _entries(document, QUESTIONS)
    for entries in (criteria, questions):
        yield from _repeated(entries)
        for entry in entries:
            yield from _bounds(entry)
            yield from _choices(entry)
    yield from _two_types(criteria, questions)
    yield from _parents(criteria)
    yield from _circles(criteria)
    yield from _terms(criteria)


def _entries(document: object, key: str) -> list[_Entry]:
    listed = cast("Mapping[str, object]", document).get(key) if _is_mapping(document) else None
    items = cast("list[object]", listed) if isinstance(listed, list) else []
    return [
        _Entry((key, index), cast("Mapping[str, object]", item))
        for index, item in enumerate(items[:MOST_ENTRIES])
        if _is_mapping(item)
    ]


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


def _repeated(entries: Sequence[_Entry]) -> Iterator[Fault]:
    seen: set[str] = set()
    for entry in entries:
        if entry.field in seen:
            yield Fault((*entry.path, "field"), f"{entry.field!r} is used twice")
        if entry.field is not None:
            seen.add(entry.field)


def _bounds(entry: _Entry) -> Iterator[Fault]:
    low, high = entry.number("min"), entry.number("max")
    if low is not None and high is not None and low > high:
        yield Fault((*entry.path, "min"), f"min {low:g} is above max {high:g}")
    for key, bound in (("min", low), ("max", high)):
        if bound is None:
            continue
        if entry.type not in (None, *_BOUNDED):
            yield Fault((*entry.path, key), f"has no meaning for type {entry.type}")
        if entry.type == "boolean" and bound not in (0, 1):
            yield Fault((*entry.path, key), f"of a boolean is 0 or 1, not {bound:g}")
        if entry.type == "integer" and not float(bound).is_integer():
            yield Fault((*entry.path, key), f"of an integer must be whole, not {bound:g}")


def _choices(entry: _Entry) -> Iterator[Fault]:
    if "items" in entry.values and entry.type not in (None, "array"):
        yield Fault((*entry.path, "items"), f"is for type array, not {entry.type}")
    choices = entry.values.get("enum")
    if not isinstance(choices, list):
        return
    for index, choice in enumerate(cast("list[object]", choices)):
        path = (*entry.path, "enum", index)
        kind = _kind(choice)
        if kind is None or entry.type is None:
            continue
        if entry.type in _WORDS and not _fits(kind, entry.type):
            yield Fault(path, f"expected {_WORDS[entry.type]} by its type, got {_shown(choice)}")
        elif isinstance(choice, int | float) and kind != "boolean":
            yield from _outside(entry, path, choice)


def _outside(entry: _Entry, path: Path, choice: float) -> Iterator[Fault]:
    low, high = entry.number("min"), entry.number("max")
    if (low is not None and choice < low) or (high is not None and choice > high):
        yield Fault(path, f"{choice:g} lies outside min and max")


_WORDS = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
}


def _kind(value: object) -> str | None:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case _:
            return None


def _fits(kind: str, wanted: str) -> bool:
    return wanted in (kind, "array") or (kind == "integer" and wanted == "number")


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _two_types(criteria: Sequence[_Entry], questions: Sequence[_Entry]) -> Iterator[Fault]:
    asked = {question.field: question.type for question in questions}
    for criterion in criteria:
        other = asked.get(criterion.field)
        if other and criterion.type and other != criterion.type:
            message = f"the question {criterion.field!r} has type {other}, its criterion "
            yield Fault((*criterion.path, "type"), f"{message}{criterion.type}")


def _parents(criteria: Sequence[_Entry]) -> Iterator[Fault]:
    known = [criterion.field for criterion in criteria if criterion.field]
    for criterion in criteria:
        for path, name in criterion.texts("depends_on"):
            if name not in known:
                yield Fault(path, f"{name!r} is no criterion", near_name(name, known))


def _circles(criteria: Sequence[_Entry]) -> Iterator[Fault]:
    """Name one circle after the other, each time without the link that closed it."""
    parents: dict[str, list[str]] = {}
    places: dict[str, Path] = {}
    for criterion in criteria:
        if criterion.field:
            above = [name for _, name in criterion.texts("depends_on")[:_MOST_PARENTS]]
            parents.setdefault(criterion.field, []).extend(above)
            if above:
                places[criterion.field] = criterion.path
    for _ in range(_MOST_CIRCLES):
        circle = _circle(parents)
        if not circle:
            break
        first = circle[0]
        way = " -> ".join(circle)
        yield Fault((*places[first], "depends_on"), f"goes round in a circle: {way}")
        parents[first] = [name for name in parents[first] if name != circle[1]]


def _circle(parents: Mapping[str, Sequence[str]]) -> list[str]:
    try:
        TopologicalSorter(parents).prepare()
    except CycleError as error:
        backwards = cast("list[str]", error.args[1])
        return backwards[::-1]
    return []


def _terms(criteria: Sequence[_Entry]) -> Iterator[Fault]:
    banned = {
        term.strip().casefold(): criterion
        for criterion in criteria
        for _, term in criterion.texts("ban_terms")
    }
    for criterion in criteria:
        avoided = {term.strip().casefold() for _, term in criterion.texts("avoid_terms")}
        for path, term in criterion.texts("must_include"):
            form = term.strip().casefold()
            if form in banned:
                where = banned[form].field or "another criterion"
                yield Fault(path, f"{term!r} is also in ban_terms of {where}")
            elif form in avoided:
                yield Fault(path, f"{term!r} is also in avoid_terms")
