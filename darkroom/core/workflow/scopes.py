"""Subgraph instances: which graph one lies in, and the values it hands inwards.

Owns the nesting. One definition may have many instances; each has its own path,
which is the prefix of its inner node ids (`5:3`), and its own promoted values.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.json_shape import as_list
from darkroom.core.workflow.ui_format import Mode, UiDocument, UiGraph, UiInput, UiNode

_ON_THE_OUTSIDE = "-1"
_MOST_SCOPES = 1_000

ByWidget = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class Scope:
    """One instance of a graph: the root, or a subgraph placed somewhere."""

    graph: UiGraph
    path: tuple[str, ...] = ()
    host: UiNode | None = None
    outer: "Scope | None" = None
    by_input: Mapping[str, object] = field(default_factory=dict[str, object])
    """Values for the subgraph's own inputs, where no wire feeds them."""
    by_widget: ByWidget = field(default_factory=dict[str, dict[str, object]])
    """Values for widgets of inner nodes: node id, then widget name."""

    def key(self, node: str) -> str:
        """The id of an inner node in the API graph."""
        return ":".join((*self.path, node))

    def host_input(self, slot: int) -> UiInput | None:
        """The outer input that belongs to a slot of the subgraph's input node."""
        name = self.input_name(slot)
        outer = self.host.inputs if self.host else ()
        return next((one for one in outer if one.name == name), None)

    def input_name(self, slot: int) -> str:
        """The name of a slot of the subgraph's input node."""
        return self.graph.inputs[slot] if 0 <= slot < len(self.graph.inputs) else ""


Scopes = Mapping[tuple[str, ...], Scope]


def all_scopes(document: UiDocument) -> Scopes:
    """The root and every subgraph instance that runs, by path, outermost first."""
    found: dict[tuple[str, ...], Scope] = {}
    pending = [Scope(document.root)]
    while pending:
        scope = pending.pop(0)
        found[scope.path] = scope
        if len(found) > _MOST_SCOPES:
            raise WorkflowError(
                "workflow-convert", f"more than {_MOST_SCOPES} subgraphs inside one another"
            )
        for node in scope.graph.nodes.values():
            if node.type in document.definitions and node.mode not in (Mode.MUTED, Mode.BYPASSED):
                _refuse_recursion(scope, node)
                pending.append(_inner(document, scope, node))
    return found


def _refuse_recursion(scope: Scope, node: UiNode) -> None:
    around: Scope | None = scope
    while around is not None:
        if around.host is not None and around.host.type == node.type:
            raise WorkflowError("workflow-convert", f"the subgraph {node.label} contains itself")
        around = around.outer


def _inner(document: UiDocument, outer: Scope, host: UiNode) -> Scope:
    graph = document.definitions[host.type]
    by_input: dict[str, object] = {}
    by_widget: dict[str, dict[str, object]] = {}
    for node, widget, value in _promoted(graph, host, outer):
        name = _feeding_input(graph, node, widget)
        if name is None:
            by_widget.setdefault(node, {})[widget] = value
        else:
            by_input[name] = value
    return Scope(graph, (*outer.path, host.id), host, outer, by_input, by_widget)


def _promoted(graph: UiGraph, host: UiNode, outer: Scope) -> Iterator[tuple[str, str, object]]:
    """Inner widgets with the values set for them outside, the outermost last, so it wins."""
    names = host.proxies or tuple((_ON_THE_OUTSIDE, name) for name in _widget_inputs(graph))
    for (node, widget), value in zip(names, as_list(host.values) or [], strict=False):
        if value is not None:
            yield node, widget, value
    for shown, value in outer.by_widget.get(host.id, {}).items():
        for node, widget in names:
            if widget == shown:
                yield node, widget, value


def _widget_inputs(graph: UiGraph) -> list[str]:
    """The subgraph's inputs that feed a widget inside, in order."""
    slots: set[int] = set()
    for node in graph.nodes.values():
        for one in node.inputs:
            link = graph.links.get(one.link) if one.widget and one.link is not None else None
            if link and link.origin == graph.input_node:
                slots.add(link.origin_slot)
    return [name for slot, name in enumerate(graph.inputs) if slot in slots]


def _feeding_input(graph: UiGraph, node: str, widget: str) -> str | None:
    """The subgraph input that a promoted widget is wired to, if it is."""
    if node == _ON_THE_OUTSIDE:
        return widget
    inner = graph.nodes.get(node)
    for one in inner.inputs if inner else ():
        link = graph.links.get(one.link) if one.link is not None else None
        if (one.widget or one.name) == widget and link and link.origin == graph.input_node:
            return graph.inputs[link.origin_slot] if link.origin_slot < len(graph.inputs) else None
    return None
