"""One mistake in one document, and the nearest valid name for it.

Owns the step from a place in a document to file and line, and the bounds that
keep a hostile file from costing more than a moment.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from darkroom.core.config.tree import Leaf, Node, Path, dotted, find, origin_of
from darkroom.core.errors import Problem
from darkroom.core.text import nearest, shortened

MOST_TOLD = 200
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Fault:
    """One mistake at one place of a document."""

    path: Path
    message: str
    nearest: str | None = None


def near_name(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like the name; long texts are no names and have none."""
    if len(name) > _LONGEST_NAME:
        return None
    return nearest(name, (other for other in candidates if len(other) <= _LONGEST_NAME))


def told(tree: Node, faults: Iterable[Fault]) -> tuple[Problem, ...]:
    """The faults with file and line, in file order; the first of very many only."""
    problems = [_problem(tree, fault) for fault in islice(_distinct(faults), MOST_TOLD + 1)]
    if len(problems) > MOST_TOLD:
        more = "more mistakes follow; mend these first"
        problems[MOST_TOLD:] = [Problem(tree.origin.source, None, "", more)]
        return tuple(problems)
    return tuple(sorted(problems, key=lambda problem: (problem.file, problem.line or 0)))


def _distinct(faults: Iterable[Fault]) -> Iterator[Fault]:
    seen: set[tuple[Path, str]] = set()
    for fault in faults:
        if (fault.path, fault.message) not in seen:
            seen.add((fault.path, fault.message))
            yield fault


def _problem(tree: Node, fault: Fault) -> Problem:
    origin = origin_of(tree, fault.path)
    key = shortened(dotted(fault.path), 2 * _LONGEST_NAME)
    message = fault.message + _unquoted(find(tree, fault.path))
    return Problem(origin.source, origin.line, key, message, fault.nearest)


def _unquoted(node: Node | None) -> str:
    """The usual cause where a word was read as true or false."""
    if not isinstance(node, Leaf) or not isinstance(node.value, bool):
        return ""
    written = node.origin.written
    if written is None:
        return ""
    meaning = str(node.value).lower()
    return f"; {written} without quotes means {meaning}: write '{written}' in quotes for the text"
