"""API-format graphs: node id -> class_type and inputs; a link is [node id, slot].

A list under a name that the node's class does not declare is no link: such inputs
are ignored, as ComfyUI ignores them.
"""

from typing import Any, TypeGuard

from darkroom.engine.documents import listing
from darkroom.engine.nodes.catalogue import NODES

Node = dict[str, Any]
Graph = dict[str, Node]


def is_link(value: object) -> TypeGuard[list[Any]]:
    """Whether an input names another node's output."""
    return len(listing(value)) == 2  # noqa: PLR2004 - node id and slot


def links(node: Node) -> dict[str, list[Any]]:
    """The links of a checked node by input, in the order they were written."""
    declared = {entry.name for entry in NODES[node["class_type"]].inputs}
    inputs: dict[str, Any] = node["inputs"]
    return {n: value for n, value in inputs.items() if n in declared and is_link(value)}


def sources(node: Node) -> list[str]:
    """Ids of the nodes it takes from, in the order of its inputs."""
    return [link[0] for link in links(node).values()]


def reached_from(graph: Graph, outputs: list[str]) -> set[str]:
    """Every node that an output needs, itself included."""
    found: set[str] = set()
    waiting = list(outputs)
    while waiting:
        node_id = waiting.pop()
        if node_id not in found:
            found.add(node_id)
            waiting += sources(graph[node_id])
    return found
