"""Turn what the editor saved into what a server runs.

Owns the conversion: which nodes are sent, with which values and links, and which
nodes make it impossible. Everything that stands in the way is said at once, with the
title of the node, so that it can be mended in the editor.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.nearest import nearest_name
from darkroom.core.workflow.object_info import Catalogue, NodeSpec
from darkroom.core.workflow.scopes import Scope, Scopes, all_scopes
from darkroom.core.workflow.ui_format import Mode, UiDocument, UiNode, read_ui
from darkroom.core.workflow.widgets import Widgets, fits, widget_values, wrapped
from darkroom.core.workflow.wires import (
    EDITOR_ONLY,
    PRIMITIVE,
    REROUTES,
    FromNode,
    FromValue,
    source_of_input,
)

_VIRTUAL = EDITOR_ONLY | REROUTES | {PRIMITIVE}
_UNWIRED = "hands values on without wires, which only the editor follows: wire it and save again"
_REFUSED = {
    "SetNode": _UNWIRED,
    "GetNode": _UNWIRED,
    "easy setNode": _UNWIRED,
    "easy getNode": _UNWIRED,
    "Anything Everywhere": _UNWIRED,
    "Anything Everywhere?": _UNWIRED,
    "Anything Everywhere3": _UNWIRED,
    "Prompts Everywhere": _UNWIRED,
    "Seed Everywhere": _UNWIRED,
}
_GROUP_PREFIXES = ("workflow>", "workflow/")
_SUBGRAPH_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOST_NAMED = 5


@dataclass(frozen=True)
class Conversion:
    """The API graph, and what was assumed or left out on the way."""

    graph: dict[str, object]
    notes: tuple[str, ...]


def convert(data: object, host: Catalogue, where: str = "workflow") -> Conversion:
    """Convert a file of the editor with a host's `/object_info`."""
    document = read_ui(data, where)
    scopes = all_scopes(document)
    work = _Work(scopes, host)
    graph: dict[str, object] = {}
    for scope in scopes.values():
        for node in scope.graph.nodes.values():
            if _is_sent(document, node):
                graph |= work.converted(scope, node)
    if work.problems:
        raise WorkflowError("workflow-convert", _listed(work.problems), where=where)
    if not graph:
        raise WorkflowError("workflow-convert", "no node of it would run", where=where)
    return Conversion(graph, tuple(work.notes))


def _listed(problems: list[str]) -> str:
    rest = len(problems) - _MOST_NAMED
    shown = "; ".join(problems[:_MOST_NAMED])
    return f"{shown}; ... and {rest} more" if rest > 0 else shown


def _is_sent(document: UiDocument, node: UiNode) -> bool:
    runs = node.mode not in (Mode.MUTED, Mode.BYPASSED)
    return runs and node.type not in _VIRTUAL and node.type not in document.definitions


class _Work:
    """One conversion under way: the instances, the host, and what was said so far."""

    def __init__(self, scopes: Scopes, host: Catalogue) -> None:
        self.scopes = scopes
        self.host = host
        self.problems: list[str] = []
        self.notes: list[str] = []

    def converted(self, scope: Scope, node: UiNode) -> dict[str, object]:
        """The node in API format under its id, or nothing where it cannot be sent."""
        spec = self.host.get(node.type)
        if node.type in _REFUSED or spec is None:
            self._refuse(node)
            return {}
        widgets = widget_values(node, spec)
        self.problems += [f"{node.label}: {problem}" for problem in widgets.problems]
        self.notes += [f"{node.label}: {note}" for note in widgets.notes]
        self._promote(scope, (node, spec), widgets)
        inputs = widgets.values | dict(self._fed(scope, node))
        title = node.title or spec.display_name
        sent = {"inputs": inputs, "class_type": node.type, "_meta": {"title": title}}
        return {scope.key(node.id): sent}

    def _refuse(self, node: UiNode) -> None:
        if node.type in _REFUSED:
            self.problems.append(f"{node.label} {_REFUSED[node.type]}")
        elif node.type.startswith(_GROUP_PREFIXES):
            self.problems.append(
                f"{node.label} is a group node: turn it into a subgraph in the editor"
            )
        elif _SUBGRAPH_ID.fullmatch(node.type):
            self.problems.append(f"{node.label} is a subgraph whose definition the file lacks")
        elif node.is_linked:
            near = nearest_name(node.type, self.host)
            meant = f" (did you mean {near!r}?)" if near else ""
            self.problems.append(f"{node.label}: the host has no such node class{meant}")
        else:
            self.notes.append(f"{node.label} is unknown to the host and wired to nothing: left out")

    def _promote(self, scope: Scope, of: tuple[UiNode, NodeSpec], widgets: Widgets) -> None:
        """Values that the surrounding subgraph node sets for widgets of this one."""
        node, spec = of
        for name, value in scope.by_widget.get(node.id, {}).items():
            declared = spec.inputs.get(name)
            is_shown = declared is not None and (declared.is_widget or name in widgets.values)
            if declared is not None and is_shown and fits(declared, value):
                widgets.values[name] = wrapped(value)

    def _fed(self, scope: Scope, node: UiNode) -> Iterator[tuple[str, object]]:
        """The inputs that wires feed, with links and values as a server takes them."""
        for slot in node.inputs:
            if slot.link is not None and slot.link not in scope.graph.links:
                self.notes.append(f"{node.label}: the wire into {slot.name} is broken in the file")
            match source_of_input(self.scopes, scope, slot):
                case FromNode(key, output):
                    yield slot.name, [key, output]
                case FromValue(value) if value is not None:
                    yield slot.name, wrapped(value)
                case _:
                    pass
