"""Write single inputs by their address: `--set node.input=value`.

Owns the reading of such settings. The node is an id, or a title or class that only
one node has; the input must exist, because the server ignores a misspelt one in silence.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from darkroom.core.errors import WorkflowError
from darkroom.core.text import nearest
from darkroom.core.workflow.catalogue import NOT_PICTURE, PICTURE_FIRST
from darkroom.core.workflow.edit import with_inputs
from darkroom.core.workflow.graph import Graph, Node, Place, as_link
from darkroom.core.workflow.tracing import source_of


@dataclass(frozen=True)
class Setting:
    """One input and the text of its new value."""

    address: str
    text: str


def read_setting(argument: str) -> Setting:
    """Take "node.input=value" apart."""
    address, equals, text = argument.partition("=")
    if not equals or "." not in address:
        raise WorkflowError("workflow-setting", f"{argument!r} is not of the form node.input=value")
    return Setting(address.strip(), text)


def apply_settings(graph: Graph, settings: Iterable[Setting]) -> Graph:
    """The graph with these inputs set; a value takes the type of the one it replaces."""
    changes: dict[Place, object] = {}
    for setting in settings:
        place = find_place(graph, setting.address)
        changes[place] = _typed(graph, place, setting.text)
    return with_inputs(graph, changes)


def find_place(graph: Graph, address: str) -> Place:
    """The input an address names: `3.seed`, `5:3.text`, `KSampler.cfg` or `My title.cfg`."""
    for end in (index for index, sign in enumerate(address) if sign == "."):
        node = _node_named(graph, address[:end])
        if node is not None:
            return _input_named(node, address[end + 1 :])
    name = address.partition(".")[0]
    near = nearest(name, [*graph.nodes, *(node.class_type for node in graph.nodes.values())])
    meant = f"; did you mean {near!r}?" if near else ""
    raise WorkflowError("workflow-setting", f"no node is called {name!r}{meant}")


def _node_named(graph: Graph, name: str) -> Node | None:
    if name in graph.nodes:
        return graph.nodes[name]
    titled = [node for node in graph.nodes.values() if node.title == name]
    named = titled or [node for node in graph.nodes.values() if node.class_type == name]
    if len(named) > 1:
        ids = ", ".join(node.id for node in named)
        raise WorkflowError("workflow-setting", f"{name!r} is several nodes: {ids}; use the id")
    return named[0] if named else None


def _input_named(node: Node, name: str) -> Place:
    if name not in node.inputs:
        near = nearest(name, node.inputs)
        meant = f"did you mean {near!r}?" if near else f"it has {', '.join(node.inputs) or 'none'}"
        raise WorkflowError("workflow-setting", f"{node.label} has no input {name!r}; {meant}")
    return Place(node.id, name)


def _typed(graph: Graph, place: Place, text: str) -> object:
    current = graph.value(place)
    if as_link(current) is not None:
        return _over_link(graph, place, text)
    if isinstance(current, str):
        return text
    value = _parsed(text)
    if isinstance(current, bool) is not isinstance(value, bool) or isinstance(value, str):
        kind = "true or false" if isinstance(current, bool) else "a number"
        if isinstance(current, bool | int | float):
            raise WorkflowError("workflow-value", f"{place} must be {kind}, not {text!r}")
    return value


def _over_link(graph: Graph, place: Place, text: str) -> object:
    """A link may give way to another link, or to a value where it carried one."""
    value = _parsed(text)
    link = as_link(value)
    if link is not None and link.node in graph.nodes:
        return value
    is_wire = place.input in NOT_PICTURE or place.input in PICTURE_FIRST
    source = None if is_wire else source_of(graph, place)
    if source is None or link is not None:
        raise WorkflowError(
            "workflow-setting",
            f'{place} is fed by a link; set it to another link such as ["4", 0] of a node '
            "that exists",
        )
    return _typed(graph, source, text)


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
