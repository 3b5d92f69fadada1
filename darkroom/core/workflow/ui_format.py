"""The editor's own file format, as typed records.

Owns the reading of nodes, slots, links (arrays in the root, objects in subgraphs) and
subgraph definitions. It only reads: what the records mean for a server is decided in
`convert`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.json_shape import (
    as_list,
    as_object,
    list_at,
    object_at,
    text_at,
    whole_number,
)

_INPUT_NODE = "-10"
_OUTPUT_NODE = "-20"
_LINK_PARTS = 5


class Mode(IntEnum):
    """How the editor runs a node; any other number means always."""

    ALWAYS = 0
    MUTED = 2
    BYPASSED = 4


@dataclass(frozen=True)
class UiInput:
    """One input slot; `widget` names the widget it stands for, if any."""

    name: str
    kind: str
    link: int | None
    widget: str


@dataclass(frozen=True)
class UiNode:
    """One node as saved."""

    id: str
    type: str
    title: str
    mode: int
    inputs: tuple[UiInput, ...]
    outputs: tuple[str, ...]
    """The types of its output slots."""
    has_links_out: bool
    values: object
    """The saved widget values: a list, sometimes an object."""
    proxies: tuple[tuple[str, str], ...]
    """For a subgraph: which inner widgets its own values stand for."""

    @property
    def label(self) -> str:
        """How messages name this node."""
        if self.title and self.title != self.type:
            return f"'{self.title}' ({self.type}, node {self.id})"
        return f"{self.type} (node {self.id})"

    @property
    def is_linked(self) -> bool:
        """Whether any wire touches it."""
        return self.has_links_out or any(slot.link is not None for slot in self.inputs)


@dataclass(frozen=True)
class UiLink:
    """One wire."""

    origin: str
    origin_slot: int
    target: str
    target_slot: int


@dataclass(frozen=True)
class UiGraph:
    """The root graph, or the inside of a subgraph."""

    key: str
    name: str
    nodes: Mapping[str, UiNode]
    links: Mapping[int, UiLink]
    inputs: tuple[str, ...]
    """The names of the slots of the subgraph's input node."""
    input_node: str
    leaving: Mapping[int, UiLink]
    """The wires into the subgraph's output node, by slot."""


@dataclass(frozen=True)
class UiDocument:
    """A whole file."""

    root: UiGraph
    definitions: Mapping[str, UiGraph]


def read_ui(data: object, where: str = "workflow") -> UiDocument:
    """Read a file of the editor; an error where it is not one."""
    document = as_object(data)
    if document is None or as_list(document.get("nodes")) is None:
        raise WorkflowError(
            "workflow-shape", "this is not the editor's format: it has no 'nodes'", where=where
        )
    listed = list_at(object_at(document, "definitions"), "subgraphs")
    definitions = [_graph(item) for one in listed if (item := as_object(one))]
    return UiDocument(_graph(document), {graph.key: graph for graph in definitions})


def _graph(data: Mapping[str, object]) -> UiGraph:
    nodes = [_node(item) for one in list_at(data, "nodes") if (item := as_object(one))]
    slots = [as_object(slot) or {} for slot in list_at(data, "inputs")]
    output_node = str(object_at(data, "outputNode").get("id", _OUTPUT_NODE))
    links = _links(data.get("links"))
    return UiGraph(
        key=text_at(data, "id"),
        name=text_at(data, "name"),
        nodes={node.id: node for node in nodes},
        links=links,
        inputs=tuple(text_at(slot, "name") for slot in slots),
        input_node=str(object_at(data, "inputNode").get("id", _INPUT_NODE)),
        leaving={link.target_slot: link for link in links.values() if link.target == output_node},
    )


def _node(data: Mapping[str, object]) -> UiNode:
    slots = [as_object(slot) or {} for slot in list_at(data, "inputs")]
    outputs = [as_object(slot) or {} for slot in list_at(data, "outputs")]
    mode = whole_number(data.get("mode"))
    return UiNode(
        id=str(data.get("id")),
        type=text_at(data, "type"),
        title=text_at(data, "title"),
        mode=Mode.ALWAYS if mode is None else mode,
        inputs=tuple(_input(slot) for slot in slots),
        outputs=tuple(_kind(slot) for slot in outputs),
        has_links_out=any(list_at(slot, "links") for slot in outputs),
        values=data.get("widgets_values"),
        proxies=_proxies(list_at(object_at(data, "properties"), "proxyWidgets")),
    )


def _input(slot: Mapping[str, object]) -> UiInput:
    widget = text_at(object_at(slot, "widget"), "name")
    return UiInput(text_at(slot, "name"), _kind(slot), whole_number(slot.get("link")), widget)


def _kind(slot: Mapping[str, object]) -> str:
    """The type of a slot; wildcards are saved as "*", 0 or -1."""
    kind = slot.get("type")
    if isinstance(kind, list):
        return "COMBO"
    return kind if isinstance(kind, str) and kind else "*"


def _proxies(listed: list[object]) -> tuple[tuple[str, str], ...]:
    pairs = [as_list(one) or [] for one in listed]
    return tuple((str(pair[0]), str(pair[1])) for pair in pairs if len(pair) > 1)


def _links(data: object) -> dict[int, UiLink]:
    found: dict[int, UiLink] = {}
    entries = as_list(data)
    if entries is None:
        entries = list((as_object(data) or {}).values())
    for entry in entries:
        record = as_object(entry)
        keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
        parts = [record.get(key) for key in keys] if record else as_list(entry) or []
        if len(parts) >= _LINK_PARTS and (key := whole_number(parts[0])) is not None:
            origin_slot, target_slot = whole_number(parts[2]) or 0, whole_number(parts[4]) or 0
            found[key] = UiLink(str(parts[1]), origin_slot, str(parts[3]), target_slot)
    return found
