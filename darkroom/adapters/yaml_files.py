"""YAML files as trees that know their lines, read without any of YAML's traps.

Owns what of YAML is accepted: mappings, lists and single values of one document.
Refused, with the line: aliases and anchors, tags, merge keys, duplicate keys, tabs,
more than 1 MB or 30 levels, text that is not UTF-8. Never executes anything and
never raises for what a file says; mistakes are returned, as many as can be seen.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import cast

import yaml

from darkroom.adapters.confined import Refused, read_bounded
from darkroom.core.config.faults import MOST_TOLD
from darkroom.core.config.scalars import control_character, read_scalar
from darkroom.core.config.tree import Branch, Items, Leaf, Node, Origin, Path, dotted
from darkroom.core.errors import ConfigError, Problem
from darkroom.core.text import shortened

MAX_BYTES = 1_000_000
MAX_LEVELS = 30
_LONGEST_KEY = 200
_SHOWN = 60
# the stub leaves the type of the stream open
_events = cast("Callable[..., Iterator[yaml.Event]]", yaml.parse)  # pyright: ignore[reportUnknownMemberType]
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same events, many times faster


@dataclass(frozen=True)
class Parsed:
    """What one file says, as far as it can be read, and what is wrong with it."""

    tree: Node
    problems: tuple[Problem, ...] = ()


def read_yaml(path: FilePath, source: str) -> Parsed:
    """Read one file; `source` is how messages name it."""
    try:
        data = read_bounded(path, MAX_BYTES)
    except Refused as error:
        problem = Problem(source, None, "", f"the file {error}")
        return Parsed(Branch({}, Origin(source)), (problem,))
    return parse_yaml(data, source)


def load_yaml(path: FilePath, source: str) -> Node:
    """Read one file that must be right; every mistake is in the error."""
    parsed = read_yaml(path, source)
    if parsed.problems:
        raise ConfigError("config-invalid", parsed.problems)
    return parsed.tree


def parse_yaml(data: bytes, source: str) -> Parsed:
    """Read the text of one file, a mapping; a file without any value is an empty one."""
    parsed = parse_value(data, source)
    if isinstance(parsed.tree, Branch):
        return parsed
    empty = Branch({}, Origin(source))
    if isinstance(parsed.tree, Leaf) and parsed.tree.value is None:
        return Parsed(empty, parsed.problems)
    kind = "a list" if isinstance(parsed.tree, Items) else "a single value"
    line = parsed.tree.origin.line
    problem = Problem(source, line, "", f"expected a mapping of keys to values, got {kind}")
    return Parsed(empty, (*parsed.problems, problem))


def parse_value(data: bytes, source: str) -> Parsed:
    """Read one value, which may be nothing."""
    nothing = Leaf(None, Origin(source))
    text, problem = _decoded(data, source)
    if problem is not None:
        return Parsed(nothing, (problem,))
    builder = _Builder(source)
    tree = builder.document(text)
    return Parsed(tree or nothing, tuple(builder.problems[:MOST_TOLD]))


def _decoded(data: bytes, source: str) -> tuple[str, Problem | None]:
    if len(data) > MAX_BYTES:
        return "", Problem(source, None, "", f"is longer than {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return "", Problem(source, line, "", "is not UTF-8; save it with that encoding")
    for pattern, message in _NOT_WRITTEN:
        if found := pattern.search(text):
            return "", Problem(source, text.count("\n", 0, found.start()) + 1, "", message)
    return text, None


_NOT_WRITTEN = (
    (re.compile(r"\t"), "holds a tab; use spaces, or \\t inside double quotes"),
    (re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"), "holds a control character"),
)


class _GaveUp(Exception):
    """The rest of the file cannot be read; the reason is among the problems."""


@dataclass
class _Builder:
    """Makes a tree out of the parser's events, collecting mistakes on the way."""

    source: str
    problems: list[Problem] = field(default_factory=list[Problem])

    def document(self, text: str) -> Node | None:
        try:
            return self._document(_events(text, Loader=_LOADER))
        except _GaveUp:
            return None
        except yaml.YAMLError as error:
            self.problems.append(_syntax_problem(error, self.source))
        except (ValueError, OverflowError):  # the slow parser lets impossible escapes through
            self.problems.append(Problem(self.source, None, "", "holds an impossible escape"))
        return None

    def _document(self, events: Iterator[yaml.Event]) -> Node | None:
        tree: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._stop(event, (), "a second document starts; only one is accepted")
                if event.tags:
                    self._complain(event, (), "tag directives are not accepted")
            elif isinstance(event, yaml.NodeEvent):
                tree = self._node(event, events, ())
        return tree

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path) -> Node:
        self._check_plainness(event, path)
        origin = Origin(self.source, event.start_mark.line + 1)
        if len(path) >= MAX_LEVELS and isinstance(event, yaml.CollectionStartEvent):
            raise self._stop(event, path, f"is nested deeper than {MAX_LEVELS} levels")
        match event:
            case yaml.ScalarEvent():
                return self._leaf(event, path, origin)
            case yaml.SequenceStartEvent():
                return self._items(events, path, origin)
            case yaml.MappingStartEvent():
                return self._branch(events, path, origin)
            case _:
                return Leaf(None, origin)

    def _check_plainness(self, event: yaml.Event, path: Path) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            self._complain(event, path, "anchors and aliases are not accepted; write it out")
        if getattr(event, "tag", None) is not None:
            self._complain(event, path, "tags are not accepted; only plain values are")

    def _leaf(self, event: yaml.ScalarEvent, path: Path, origin: Origin) -> Leaf:
        text: str = event.value
        if found := control_character(text):
            self._complain(event, path, f"holds the control character {found}")
            return Leaf(None, origin)
        if event.style:  # quoted or a block: text as it stands
            return Leaf(text, origin)
        reading = read_scalar(text)
        if reading.refusal is not None:
            self._complain(event, path, reading.refusal)
        return Leaf(reading.value, Origin(origin.source, origin.line, reading.written))

    def _items(self, events: Iterator[yaml.Event], path: Path, origin: Origin) -> Items:
        items: list[Node] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, events, (*path, len(items))))
        return Items(tuple(items), origin)

    def _branch(self, events: Iterator[yaml.Event], path: Path, origin: Origin) -> Branch:
        children: dict[str, Node] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, events, path)
            value = self._node(next(events), events, (*path, key))
            if key in children:
                first = children[key].origin.line
                self._complain(event, (*path, key), f"stands here again; first in line {first}")
            elif key:
                children[key] = _at_line(value, event.start_mark.line + 1)
        return Branch(children, origin)

    def _key(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path) -> str:
        """The text of a key; empty where it is none and its value is to be dropped."""
        if not isinstance(event, yaml.ScalarEvent):
            self._complain(event, path, "a key must be a single word or text")
            self._node(event, events, (*path, "?"))
            return ""
        self._check_plainness(event, path)
        text: str = event.value
        if not text or len(text) > _LONGEST_KEY or control_character(text):
            self._complain(event, path, f"a key must have 1 to {_LONGEST_KEY} printable characters")
            return ""
        if text == "<<" and not event.style:
            self._complain(event, path, "merge keys are not accepted; write it out")
            return ""
        return text

    def _complain(self, event: yaml.Event, path: Path, message: str) -> None:
        if len(self.problems) <= MOST_TOLD:
            key = shortened(dotted(path), 2 * _SHOWN)
            self.problems.append(Problem(self.source, event.start_mark.line + 1, key, message))

    def _stop(self, event: yaml.Event, path: Path, message: str) -> _GaveUp:
        self._complain(event, path, message)
        return _GaveUp()


def _at_line(node: Node, line: int) -> Node:
    """Let a section be found at the line of its key, where a person looks for it."""
    if isinstance(node, Leaf):
        return node
    origin = Origin(node.origin.source, line)
    if isinstance(node, Items):
        return Items(node.items, origin)
    return Branch(node.children, origin)


def _syntax_problem(error: yaml.YAMLError, source: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark is not None else None
    said = str(getattr(error, "problem", None) or "it holds a character that YAML does not allow")
    advice = next((text for words, text in _ADVICE if words in said), "")
    return Problem(source, line, "", f"is not YAML: {said}{advice}")


_ADVICE = (
    ("mapping values are not allowed", "; a text that holds ': ' must stand in quotes"),
    ("cannot start any token", "; a text that starts with @, ` or % must stand in quotes"),
    ("did not find expected key", "; check the indentation and the quotes above this line"),
    ("could not find expected ':'", "; a key must be followed by ':' and a space"),
    ("found unexpected end of stream", "; a quote or bracket is not closed"),
)
