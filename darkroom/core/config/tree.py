"""A configuration document as a tree that remembers where each value was written.

Owns merging. Layers merge deeply, the upper one winning: mappings join key by
key, lists and single values are replaced whole. Merging is associative, so a
preset may be folded into its layer first or last. For that a mapping that has
replaced a single value is `closed`: it hides whatever still lower layers held.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

Scalar = str | int | float | bool | None
Plain = Scalar | list["Plain"] | dict[str, "Plain"]
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Origin:
    """Where a value comes from, and how it was written where that differs from its reading."""

    source: str
    line: int | None = None
    written: str | None = None

    def __str__(self) -> str:
        return f"{self.source}:{self.line}" if self.line else self.source


@dataclass(frozen=True)
class Leaf:
    """A single value."""

    value: Scalar
    origin: Origin


@dataclass(frozen=True)
class Items:
    """A list; layers replace it whole."""

    items: tuple["Node", ...]
    origin: Origin


@dataclass(frozen=True)
class Branch:
    """A mapping; layers join it key by key."""

    children: Mapping[str, "Node"]
    origin: Origin
    closed: bool = False


Node = Branch | Items | Leaf


def merge(lower: Node, upper: Node) -> Node:
    """Lay one tree over another."""
    if not isinstance(upper, Branch) or upper.closed:
        return upper
    if not isinstance(lower, Branch):
        return replace(upper, closed=True)
    if not upper.children:
        return lower
    children = dict(lower.children)
    for key, node in upper.children.items():
        children[key] = merge(children[key], node) if key in children else node
    return Branch(children, upper.origin, lower.closed)


def plain(node: Node) -> Plain:
    """The bare values, as JSON would hold them."""
    match node:
        case Leaf():
            return node.value
        case Items():
            return [plain(item) for item in node.items]
        case _:
            return {key: plain(child) for key, child in node.children.items()}


def from_plain(value: Plain, origin: Origin) -> Node:
    """A tree of bare values that all come from one place."""
    match value:
        case dict():
            return Branch({key: from_plain(item, origin) for key, item in value.items()}, origin)
        case list():
            return Items(tuple(from_plain(item, origin) for item in value), origin)
        case _:
            return Leaf(value, origin)


def without_lines(node: Node) -> Node:
    """The tree of a value that was written on one line, such as a flag's."""
    origin = replace(node.origin, line=None)
    match node:
        case Leaf():
            return replace(node, origin=origin)
        case Items():
            return Items(tuple(without_lines(item) for item in node.items), origin)
        case _:
            children = {key: without_lines(item) for key, item in node.children.items()}
            return Branch(children, origin, node.closed)


def child(node: Node, step: str | int) -> Node | None:
    """The node one step further in, or None."""
    if isinstance(node, Branch) and isinstance(step, str):
        return node.children.get(step)
    if isinstance(node, Items) and isinstance(step, int) and step < len(node.items):
        return node.items[step]
    return None


def find(node: Node, path: Path) -> Node | None:
    """The node at a path, or None."""
    found: Node | None = node
    for step in path:
        found = child(found, step) if found is not None else None
    return found


def origin_of(node: Node, path: Path) -> Origin:
    """Where the value at a path was written; for a missing one, where it would belong."""
    for length in range(len(path), 0, -1):
        found = find(node, path[:length])
        if found is not None:
            return found.origin
    return node.origin


def leaves(node: Node, path: Path = ()) -> Iterator[tuple[Path, Leaf]]:
    """Every single value with its path, in file order."""
    match node:
        case Leaf():
            yield path, node
        case Items():
            for index, item in enumerate(node.items):
                yield from leaves(item, (*path, index))
        case _:
            for key, item in node.children.items():
                yield from leaves(item, (*path, key))


def dotted(path: Path) -> str:
    """A path as people write it: `acceptance_criteria[2].weight`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
