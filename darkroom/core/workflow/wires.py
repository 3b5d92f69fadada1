"""Follow a wire of the editor to what really feeds it.

Owns the walk through reroutes, bypassed nodes, primitives and the borders of
subgraphs, inwards and outwards. It ends at a node that runs, at a value, or nowhere.
"""

from dataclasses import dataclass

from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.json_shape import as_list
from darkroom.core.workflow.scopes import Scope, Scopes
from darkroom.core.workflow.ui_format import Mode, UiInput, UiLink, UiNode

REROUTES = frozenset({"Reroute", "Reroute (rgthree)"})
PRIMITIVE = "PrimitiveNode"
EDITOR_ONLY = frozenset(
    {
        "Note",
        "MarkdownNote",
        "Label (rgthree)",
        "Bookmark (rgthree)",
        "Fast Muter (rgthree)",
        "Fast Bypasser (rgthree)",
        "Fast Groups Muter (rgthree)",
        "Fast Groups Bypasser (rgthree)",
        "Fast Actions Button (rgthree)",
        "Node Collector (rgthree)",
        "Mute / Bypass Repeater (rgthree)",
        "Mute / Bypass Relay (rgthree)",
        "Random Unmuter (rgthree)",
    }
)
"""Nodes that serve the person at the editor and are never sent."""


@dataclass(frozen=True)
class FromNode:
    """Fed by an output of a node that runs."""

    key: str
    slot: int


@dataclass(frozen=True)
class FromValue:
    """Fed by a value: a primitive, or a promoted widget."""

    value: object


Source = FromNode | FromValue | None


@dataclass(frozen=True)
class _At:
    """A wire, in the scope it lies in."""

    scope: Scope
    link: UiLink


def source_of_input(scopes: Scopes, scope: Scope, slot: UiInput) -> Source:
    """What feeds an input of a node that runs; None where nothing does."""
    at: _At | Source = _enter(scope, slot)
    behind: FromValue | None = None
    seen: set[tuple[tuple[str, ...], UiLink]] = set()
    while isinstance(at, _At):
        place = (at.scope.path, at.link)
        if place in seen:
            raise WorkflowError("workflow-convert", f"the wire into {slot.name!r} runs in a circle")
        seen.add(place)
        if _comes_from_outside(at):
            behind = _promoted(at) or behind
            at = _outwards(at)
        else:
            at = _back(scopes, at, slot.kind)
    return at or behind


def _enter(scope: Scope, slot: UiInput | None) -> _At | None:
    link = scope.graph.links.get(slot.link) if slot and slot.link is not None else None
    return _At(scope, link) if link else None


def _comes_from_outside(at: _At) -> bool:
    return at.scope.outer is not None and at.link.origin == at.scope.graph.input_node


def _promoted(at: _At) -> FromValue | None:
    """The value that the subgraph node holds for this input, for when no wire feeds it."""
    name = at.scope.input_name(at.link.origin_slot)
    return FromValue(at.scope.by_input[name]) if name in at.scope.by_input else None


def _outwards(at: _At) -> _At | None:
    """From the inside of a subgraph to the wire that feeds its outer input."""
    outer = at.scope.outer
    return _enter(outer, at.scope.host_input(at.link.origin_slot)) if outer else None


def _back(scopes: Scopes, at: _At, kind: str) -> _At | Source:
    """One node back: through it, into it, or to it."""
    scope, slot = at.scope, at.link.origin_slot
    node = scope.graph.nodes.get(at.link.origin)
    if node is None or node.mode == Mode.MUTED or node.type in EDITOR_ONLY:
        return None
    if node.mode == Mode.BYPASSED:
        return _enter(scope, bypass_input(node, slot, kind))
    if node.type in REROUTES:
        return _enter(scope, next(iter(node.inputs), None))
    if node.type == PRIMITIVE:
        saved = as_list(node.values) or [None]
        return FromValue(scope.by_widget.get(node.id, {}).get("value", saved[0]))
    inner = scopes.get((*scope.path, node.id))
    if inner is None:
        return FromNode(scope.key(node.id), slot)
    leaving = inner.graph.leaving.get(slot)
    return _At(inner, leaving) if leaving else None


def bypass_input(node: UiNode, slot: int, kind: str) -> UiInput | None:
    """The input that a bypassed node hands on by an output: the same slot, or the same type."""
    inputs = node.inputs
    if not inputs:
        return None
    if kind == "*":
        return inputs[slot] if slot < len(inputs) else inputs[0]
    sent = node.outputs[slot] if slot < len(node.outputs) else kind
    opposite = inputs[slot] if slot < len(inputs) else None
    if opposite and connects(opposite.kind, sent) and connects(opposite.kind, kind):
        return opposite
    exact = next((one for one in inputs if one.kind == kind), None)
    like = (one for one in inputs if connects(one.kind, sent) and connects(one.kind, kind))
    return exact or next(like, None)


def connects(one: str, other: str) -> bool:
    """Whether the editor would wire these two types together."""
    if "*" in (one, other):
        return True
    kinds, others = one.lower().split(","), other.lower().split(",")
    return any(kind in others for kind in kinds)
