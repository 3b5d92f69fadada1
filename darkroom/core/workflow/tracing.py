"""Follow links upstream: through reroutes, to the source of a value, to all ancestors.

Owns every walk over links. Each walk remembers where it has been, so a cycle or a
dangling link ends it instead of hanging it.
"""

from collections.abc import Callable, Iterable

from darkroom.core.workflow.catalogue import (
    FIRST_OF_CLASSES,
    PASSING_CLASSES,
    SWITCH_INPUTS,
    VALUE_INPUTS,
)
from darkroom.core.workflow.graph import Graph, Link, Node, Place


def passed_input(graph: Graph, node: Node) -> str | None:
    """The input that a node hands on unchanged: a reroute's, or the one a switch has chosen."""
    linked = [name for name, _ in node.links]
    if node.class_type.startswith("Reroute"):
        return linked[0] if len(linked) == 1 else None
    if node.class_type in FIRST_OF_CLASSES:
        return min(linked, default=None)
    if node.class_type in SWITCH_INPUTS:
        selector, by_value = SWITCH_INPUTS[node.class_type]
        chosen = by_value.format(_plain_value(graph, node, selector)).lower()
        return chosen if chosen in linked else None
    return None


def _plain_value(graph: Graph, node: Node, name: str) -> object:
    """A value that is set on the node, or on a primitive right beside it."""
    link = node.link(name)
    feeder = graph.nodes.get(link.node) if link else None
    return feeder.inputs.get("value") if feeder else node.inputs.get(name)


def origin(graph: Graph, link: Link | None) -> Link | None:
    """The output a link really comes from, behind reroutes; None where it leads nowhere."""
    seen: set[str] = set()
    while link is not None:
        node = graph.nodes.get(link.node)
        if node is None or node.id in seen:
            return None
        name = passed_input(graph, node)
        if name is None:
            return link
        seen.add(node.id)
        link = node.link(name)
    return None


def origin_of(graph: Graph, node: Node, name: str) -> tuple[Node, int] | None:
    """The node and output slot that feed an input, behind reroutes."""
    link = origin(graph, node.link(name))
    return (graph.nodes[link.node], link.slot) if link else None


def first_origin(graph: Graph, node: Node, names: Iterable[str]) -> tuple[Node, int] | None:
    """What feeds the first of these inputs that is fed at all."""
    found = (origin_of(graph, node, name) for name in names)
    return next((hit for hit in found if hit is not None), None)


def first_input(node: Node, names: Iterable[str]) -> Place | None:
    """The first of these inputs that the node has."""
    return next((Place(node.id, name) for name in names if name in node.inputs), None)


def source_of(graph: Graph, place: Place) -> Place | None:
    """Where a value is really set; None where something not understood computes it."""
    seen: set[Place] = set()
    while place not in seen:
        seen.add(place)
        node = graph.nodes[place.node]
        if node.link(place.input) is None:
            return place
        hit = origin_of(graph, node, place.input)
        holder = _value_input(*hit) if hit else None
        if holder is None:
            return None
        place = holder
    return None


def _value_input(node: Node, slot: int) -> Place | None:
    """The input of a value-holding or value-passing node that its output repeats."""
    linked = [name for name, _ in node.links]
    if linked:
        passes = len(linked) == 1 and (len(node.inputs) == 1 or node.class_type in PASSING_CLASSES)
        return Place(node.id, linked[0]) if passes and slot == 0 else None
    names = [name for name in VALUE_INPUTS if name in node.inputs]
    if len(node.inputs) == 1:
        # a node that only names a file loads it: its output is not that name
        names = [name for name in node.inputs if not name.endswith("_name") and name != "image"]
    return Place(node.id, names[0]) if len(names) == 1 and slot == 0 else None


def upstream(
    graph: Graph, start: str, choose: Callable[[Node], Iterable[str]] | None = None
) -> tuple[Node, ...]:
    """The start node and its ancestors, ancestors first; `choose` narrows the inputs followed."""
    order: list[Node] = []
    seen: set[str] = set()
    pending: list[tuple[str, bool]] = [(start, False)]
    while pending:
        key, finished = pending.pop()
        node = graph.nodes.get(key)
        if node is None:
            continue
        if finished:
            order.append(node)
        elif key not in seen:
            seen.add(key)
            pending.append((key, True))
            names = list(choose(node)) if choose else list(node.inputs)
            parents = [link.node for name in names if (link := node.link(name))]
            pending.extend((parent, False) for parent in reversed(parents))
    return tuple(order)


def cycle(graph: Graph) -> tuple[str, ...]:
    """The ids of one circle of nodes that feed each other, or nothing."""
    done: set[str] = set()
    for start in graph.nodes:
        found = _cycle_from(graph, start, done)
        if found:
            return found
    return ()


def _cycle_from(graph: Graph, start: str, done: set[str]) -> tuple[str, ...]:
    path: list[str] = []
    on_path: set[str] = set()
    pending: list[tuple[str, bool]] = [(start, False)]
    while pending:
        key, finished = pending.pop()
        if finished:
            on_path.discard(path.pop())
            done.add(key)
        elif key in on_path:
            return tuple(path[path.index(key) :])
        elif key not in done and key in graph.nodes:
            path.append(key)
            on_path.add(key)
            pending.append((key, True))
            pending.extend((link.node, False) for _, link in graph.nodes[key].links)
    return ()
