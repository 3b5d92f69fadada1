"""Compare a graph with what a host says it has, before any GPU time.

Owns the comparison: classes, required inputs, links, values. It says at once all
that the server would refuse one by one, and also what the server swallows in silence
(a misspelt input, a branch that leads nowhere).
"""

from collections.abc import Collection
from dataclasses import replace

from darkroom.core.text import nearest
from darkroom.core.workflow.findings import Finding, about
from darkroom.core.workflow.graph import Graph, Node
from darkroom.core.workflow.json_shape import as_object
from darkroom.core.workflow.link_checks import link_findings
from darkroom.core.workflow.nearest import nearest_name
from darkroom.core.workflow.object_info import DYNAMIC_COMBO, Catalogue, InputSpec, NodeSpec
from darkroom.core.workflow.tracing import cycle
from darkroom.core.workflow.value_checks import value_findings

_SAVED_BY_EDITORS = frozenset({"upload", "control_after_generate", "choose file to upload"})
"""Inputs that older editors write and the server ignores, rightly."""


def preflight(
    graph: Graph, host: Catalogue, *, uploads: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Everything that is wrong, errors first; `uploads` are files about to be sent to the host."""
    run = _run_by_server(graph, host)
    found = [*_graph_findings(graph, host)]
    nearest_class: dict[str, str | None] = {}
    for node in graph.nodes.values():
        spec = host.get(node.class_type)
        if spec is None:
            if node.class_type not in nearest_class:
                nearest_class[node.class_type] = nearest_name(node.class_type, host)
            found.append(_unknown_class(node, nearest_class[node.class_type]))
            continue
        own = _node_findings(graph, node, spec, (host, frozenset(uploads)))
        found.extend(own if node.id in run else [_milder(finding) for finding in own])
        if node.id not in run:
            said = "no output depends on it, so the server will not run it"
            found.append(about(node, "warning", "not-run", said))
    return tuple(sorted(found, key=lambda finding: finding.severity != "error"))


def is_runnable(findings: Collection[Finding]) -> bool:
    """Whether nothing was found that the host would refuse."""
    return all(finding.severity != "error" for finding in findings)


def _run_by_server(graph: Graph, host: Catalogue) -> set[str]:
    """The nodes above any output node: the only ones the server validates and runs."""
    pending = [n.id for n in graph.nodes.values() if _is_output(n, host)]
    seen: set[str] = set()
    while pending:
        key = pending.pop()
        if key in seen or key not in graph.nodes:
            continue
        seen.add(key)
        pending.extend(link.node for _, link in graph.nodes[key].links)
    return seen


def _is_output(node: Node, host: Catalogue) -> bool:
    spec = host.get(node.class_type)
    return spec is not None and spec.is_output


def _graph_findings(graph: Graph, host: Catalogue) -> list[Finding]:
    found: list[Finding] = []
    circle = cycle(graph)
    if circle:
        way = " -> ".join([*circle, circle[0]])
        message = f"these nodes feed each other in a circle: {way}"
        found.append(about(graph.nodes[circle[0]], "error", "cycle", message))
    if not any(_is_output(node, host) for node in graph.nodes.values()):
        message = "no node is an output (SaveImage, PreviewImage, ...): the server refuses it"
        found.append(Finding("error", "no-output", message))
    return found


def _unknown_class(node: Node, near: str | None) -> Finding:
    finding = about(node, "error", "unknown-class", "the host has no such node class")
    return replace(finding, nearest=near)


def _node_findings(
    graph: Graph, node: Node, spec: NodeSpec, around: tuple[Catalogue, frozenset[str]]
) -> list[Finding]:
    host, uploads = around
    known = _declared(node, spec)
    found = [_missing(node, one) for one in known.values() if _is_missing(node, one)]
    for name, value in node.inputs.items():
        declared = known.get(name)
        link = node.link(name)
        if link is not None:
            found.extend(link_findings(graph, (node, name, link), declared, host))
        if declared is None:
            found.extend(_unknown_input(node, name, known))
        elif link is None:
            found.extend(value_findings((node, name), value, declared, uploads))
    return found


def _declared(node: Node, spec: NodeSpec) -> dict[str, InputSpec]:
    """The inputs of the class, with those that its chosen options bring."""
    known: dict[str, InputSpec] = {}
    pending = list(spec.inputs.values())
    while pending:
        declared = pending.pop(0)
        known[declared.name] = declared
        chosen = node.inputs.get(declared.name)
        if declared.kind == DYNAMIC_COMBO and isinstance(chosen, str):
            pending.extend(declared.choices.get(chosen, ()))
    return known


def _is_missing(node: Node, declared: InputSpec) -> bool:
    is_group = declared.kind.startswith("COMFY_") and declared.kind != DYNAMIC_COMBO
    return declared.required and declared.name not in node.inputs and not is_group


def _missing(node: Node, declared: InputSpec) -> Finding:
    kind = f"a {declared.kind}" if declared.is_widget else f"a link of type {declared.kind}"
    finding = about(node, "error", "missing-input", f"required, and not given: {kind}")
    return replace(finding, input=declared.name)


def _unknown_input(node: Node, name: str, known: dict[str, InputSpec]) -> list[Finding]:
    is_grouped = any(name.startswith(f"{group}.") for group in known)
    is_row = as_object(node.inputs[name]) is not None  # nodes that grow rows take them unnamed
    is_growing = node.class_type.endswith("(rgthree)")
    if name in _SAVED_BY_EDITORS or is_grouped or is_row or is_growing:
        return []
    message = "the class has no such input; the server ignores it in silence"
    free = [one for one in known if one not in node.inputs] or list(known)
    finding = about(node, "warning", "unknown-input", message)
    return [replace(finding, input=name, value=node.inputs[name], nearest=nearest(name, free))]


def _milder(finding: Finding) -> Finding:
    return replace(finding, severity="warning")
