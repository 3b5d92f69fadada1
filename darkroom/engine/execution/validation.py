"""Decide whether a submitted graph may run, and say what is wrong where.

Owns the walk from each output node up to its sources. A branch that cannot run is
dropped and reported while the others run: that is what ComfyUI does, and clients
must notice it.
"""

from collections.abc import Iterable
from typing import Any

from darkroom.engine.documents import mapping
from darkroom.engine.execution.faults import frames
from darkroom.engine.execution.graph import Graph, is_link
from darkroom.engine.execution.inputs import check_inputs, linked_type
from darkroom.engine.execution.verdicts import (
    FAILED,
    NO_OUTPUTS,
    Problem,
    Verdict,
    missing_node,
    problem,
    too_large,
)
from darkroom.engine.nodes.catalogue import NODES
from darkroom.engine.nodes.definition import Around, Input

_DANGLING = (KeyError, IndexError, TypeError)


def validate(graph: Graph, around: Around, targets: Iterable[str] | None = None) -> Verdict:
    """Check a whole prompt; `targets` restricts it to some of its output nodes."""
    if len(graph) > around.limits.graph_nodes:
        return Verdict((), too_large(len(graph), around.limits.graph_nodes))
    for node_id, node in graph.items():
        node.setdefault("inputs", {})
        if node.get("class_type") not in NODES:
            return Verdict((), _missing(node_id, node))
    wanted = None if targets is None else set(targets)
    outputs = [
        node_id
        for node_id, node in graph.items()
        if NODES[node["class_type"]].is_output and (wanted is None or node_id in wanted)
    ]
    return _judged(graph, outputs, around) if outputs else Verdict((), NO_OUTPUTS)


def _missing(node_id: str, node: dict[str, Any]) -> Problem:
    class_type = node.get("class_type")
    title = mapping(node.get("_meta")).get("title", class_type)
    return missing_node(node_id, class_type, title)


def _judged(graph: Graph, outputs: list[str], around: Around) -> Verdict:
    checker = _Checker(graph, around)
    good: list[str] = []
    node_errors: dict[str, Problem] = {}
    for output in outputs:
        order = checker.settle(output)
        if checker.valid[output]:
            good.append(output)
            continue
        for node_id in order:
            if checker.problems[node_id]:
                entry = node_errors.setdefault(node_id, _entry(graph, checker, node_id))
                entry["dependent_outputs"].append(output)
    return Verdict(tuple(good), None if good else FAILED, node_errors)


def _entry(graph: Graph, checker: "_Checker", node_id: str) -> Problem:
    return {
        "errors": checker.problems[node_id],
        "dependent_outputs": [],
        "class_type": graph[node_id]["class_type"],
    }


class _Checker:
    """Verdicts on nodes, each reached once however many outputs need it."""

    def __init__(self, graph: Graph, around: Around) -> None:
        self.graph = graph
        self.around = around
        self.valid: dict[str, bool] = {}
        self.problems: dict[str, list[Problem]] = {}
        self._came_by: dict[str, tuple[Input, list[Any]]] = {}

    def settle(self, output: str) -> list[str]:
        """Judge everything an output needs, sources first; returns them in that order."""
        order: list[str] = []
        path: list[str] = []
        seen: set[str] = set()
        waiting: list[tuple[str, bool]] = [(output, False)]
        while waiting:
            node_id, done = waiting.pop()
            if done:
                path.pop()
                order.append(node_id)
                self._judge(node_id)
            elif node_id in path:
                self._report_cycle([*path[path.index(node_id) :], node_id])
            elif node_id not in seen:
                seen.add(node_id)
                path.append(node_id)
                waiting.append((node_id, True))
                waiting.extend((source, False) for source in reversed(self._sources(node_id)))
        return order

    def _sources(self, node_id: str) -> list[str]:
        """Nodes that the check descends into: those whose output fits where it goes."""
        found: list[str] = []
        for declared in NODES[self.graph[node_id]["class_type"]].inputs:
            value = self.graph[node_id]["inputs"].get(declared.name)
            if not is_link(value):
                continue
            try:
                fits = linked_type(self.graph, value) == declared.kind
            except _DANGLING:
                break  # the check of this node ends here too
            if fits:
                self._came_by.setdefault(value[0], (declared, value))
                found.append(value[0])
        return found

    def _judge(self, node_id: str) -> None:
        if node_id in self.valid:
            return
        problems = self.problems.setdefault(node_id, [])
        try:
            problems += check_inputs(self.graph, node_id, self.around)
        except _DANGLING as exc:
            problems[:] = [self._dangling(node_id, exc)]
        sources_valid = all(self.valid.get(source, False) for source in self._sources(node_id))
        self.valid[node_id] = not problems and sources_valid

    def _dangling(self, node_id: str, exc: Exception) -> Problem:
        """ComfyUI files this on the node that holds the link, with its consumer's input."""
        exception: dict[str, Any] = {
            "exception_message": str(exc),
            "exception_type": type(exc).__name__,
            "traceback": frames(exc),
        }
        if node_id not in self._came_by:
            message = "Exception when validating node"
            return problem("exception_during_validation", message, str(exc), **exception)
        declared, value = self._came_by[node_id]
        return problem(
            "exception_during_inner_validation",
            "Exception when validating inner node",
            str(exc),
            input_name=declared.name,
            input_config=declared.config(self.around),
            **exception,
            linked_node=value,
        )

    def _report_cycle(self, cycle: list[str]) -> None:
        details = " -> ".join(cycle)
        self.problems.setdefault(cycle[0], []).append(
            problem("dependency_cycle", "Dependency cycle detected", details, cycle=cycle)
        )
