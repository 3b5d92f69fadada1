"""A graph in ComfyUI's API format: node id -> {class_type, inputs}.

Owns the shape check and the typed, read-only view every other module here works
on. The server answers a wrong shape with a bare 500, so the check is ours. It
knows nothing about what node classes mean.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.json_shape import as_list, as_object, object_at, text_at, whole_number

_MOST_NAMED = 5
_LINK_LENGTH = 2


@dataclass(frozen=True, order=True)
class Link:
    """One output of one node."""

    node: str
    slot: int


@dataclass(frozen=True, order=True)
class Place:
    """One input of one node: where a value lives."""

    node: str
    input: str

    def __str__(self) -> str:
        return f"{self.node}.{self.input}"


@dataclass(frozen=True)
class Node:
    """One node as the file has it."""

    id: str
    class_type: str
    title: str
    inputs: Mapping[str, object]

    def link(self, name: str) -> Link | None:
        """The link an input is fed by, or None where it holds a value or is absent."""
        return as_link(self.inputs.get(name))

    @property
    def links(self) -> Iterator[tuple[str, Link]]:
        """The inputs fed by links, in file order."""
        for name, value in self.inputs.items():
            if (link := as_link(value)) is not None:
                yield name, link

    @property
    def label(self) -> str:
        """How messages name this node."""
        named = f" '{self.title}'" if self.title and self.title != self.class_type else ""
        return f"node {self.id} ({self.class_type}{named})"


@dataclass(frozen=True)
class Graph:
    """A checked graph; edits make a new one."""

    nodes: Mapping[str, Node]
    document: Mapping[str, object]

    def as_json(self) -> dict[str, object]:
        """A copy of the document that is free to change and to send."""
        return copy.deepcopy(dict(self.document))

    @cached_property
    def consumers(self) -> Mapping[str, tuple[tuple[Place, Link], ...]]:
        """For each node id, the inputs that its outputs feed."""
        found: dict[str, list[tuple[Place, Link]]] = {}
        for node in self.nodes.values():
            for name, link in node.links:
                found.setdefault(link.node, []).append((Place(node.id, name), link))
        return {node: tuple(uses) for node, uses in found.items()}

    def value(self, place: Place) -> object:
        """What an input holds; None where the node or the input is absent."""
        node = self.nodes.get(place.node)
        return node.inputs.get(place.input) if node else None


def as_link(value: object) -> Link | None:
    """A `[node id, output slot]` pair, the way the server recognises one."""
    pair = as_list(value)
    if pair is None or len(pair) != _LINK_LENGTH or not isinstance(pair[0], str):
        return None
    slot = whole_number(pair[1])
    return None if slot is None else Link(pair[0], slot)


def is_ui_format(data: object) -> bool:
    """Whether a document is what the editor saves, which the server cannot run."""
    document = as_object(data)
    return document is not None and as_list(document.get("nodes")) is not None


def read_graph(data: object, where: str = "workflow") -> Graph:
    """Check the shape and return the graph; a whole POST body is unwrapped."""
    document = _unwrapped(data, where)
    if not document:
        raise WorkflowError("workflow-shape", "the graph has no nodes", where=where)
    problems: list[str] = []
    nodes: dict[str, Node] = {}
    for key, value in document.items():
        reason = _fault(value)
        if reason is None:
            nodes[key] = _node(key, cast("Mapping[str, object]", value))
        else:
            problems.append(f"'{key}': {reason}")
    if problems:
        raise WorkflowError("workflow-shape", _listed(problems), where=where)
    return Graph(nodes, document)


def _unwrapped(data: object, where: str) -> Mapping[str, object]:
    document = as_object(data)
    if document is None:
        kind = "a list" if isinstance(data, list) else f"{type(data).__name__}"
        raise WorkflowError(
            "workflow-shape",
            f"a graph is an object of node id -> {{class_type, inputs}}; this is {kind}",
            where=where,
        )
    if is_ui_format(document):
        raise WorkflowError(
            "workflow-ui-format",
            "this is the editor's own format (it has 'nodes'), which no server runs as it is",
            where=where,
        )
    inner = document.get("prompt")
    if isinstance(inner, Mapping) and "class_type" not in inner:
        return _unwrapped(cast("object", inner), where)
    return document


def _fault(value: object) -> str | None:
    node = as_object(value)
    if node is None:
        return "is not a node (an object with class_type and inputs)"
    if not text_at(node, "class_type"):
        return "has no class_type"
    if as_object(node.get("inputs")) is None:
        return "has no inputs object"
    return None


def _node(key: str, value: Mapping[str, object]) -> Node:
    class_type = text_at(value, "class_type")
    title = text_at(object_at(value, "_meta"), "title")
    return Node(key, class_type, title, object_at(value, "inputs"))


def _listed(problems: list[str]) -> str:
    shown = "; ".join(problems[:_MOST_NAMED])
    rest = len(problems) - _MOST_NAMED
    return f"{shown}; ... and {rest} more" if rest > 0 else shown
