"""Whether a link can carry what its input wants.

Owns the comparison of types the way the server does it: any type matches `*`, comma
lists match where they overlap, and dynamic types are left to the node itself.
"""

from dataclasses import replace

from darkroom.core.workflow.findings import Finding, about
from darkroom.core.workflow.graph import Graph, Link, Node
from darkroom.core.workflow.object_info import COMBO, Catalogue, InputSpec

_PLAIN_VALUES = frozenset({"STRING", "INT", "FLOAT", "BOOLEAN", COMBO})


def link_findings(
    graph: Graph, use: tuple[Node, str, Link], declared: InputSpec | None, host: Catalogue
) -> list[Finding]:
    """What is wrong with one link; a dangling one is an error even on an unknown input."""
    node, name, link = use
    origin = graph.nodes.get(link.node)
    if origin is None:
        message = f"linked to node {link.node!r}, which the graph does not have"
        finding = about(node, "error", "dangling-link", message)
        return [replace(finding, input=name, value=[link.node, link.slot])]
    spec = host.get(origin.class_type)
    if spec is None or declared is None:
        return []
    if not 0 <= link.slot < len(spec.outputs):
        message = f"linked to output {link.slot} of {origin.label}, which has {len(spec.outputs)}"
        finding = about(node, "error", "bad-slot", message)
        return [replace(finding, input=name, value=[link.node, link.slot])]
    sent = spec.outputs[link.slot]
    if matches(sent, declared.kind):
        return []
    message = f"takes {declared.kind}, but {origin.label} sends {sent} from output {link.slot}"
    finding = about(node, "error", "type-mismatch", message)
    return [replace(finding, input=name, value=[link.node, link.slot], allowed=(declared.kind,))]


def matches(sent: str, wanted: str) -> bool:
    """Whether an output of one type may feed an input of another."""
    if sent == wanted or "*" in (sent, wanted):
        return True
    if sent.startswith("COMFY_") or wanted.startswith("COMFY_"):
        return True
    if wanted == COMBO:
        return sent in _PLAIN_VALUES
    kinds = {kind.strip() for kind in sent.split(",")}
    takes = {kind.strip() for kind in wanted.split(",")}
    return bool(kinds & takes) or "*" in kinds | takes
