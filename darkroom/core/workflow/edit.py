"""Make a changed copy of a graph.

Owns the copying: the graph it is given is never touched, and whatever is not named
in a change comes out exactly as it went in.
"""

import copy
from collections.abc import Mapping
from typing import cast

from darkroom.core.workflow.catalogue import MEANING_OF_INPUT
from darkroom.core.workflow.graph import Graph, Link, Place, read_graph
from darkroom.core.workflow.roles import Role
from darkroom.core.workflow.tracing import source_of

_Document = dict[str, dict[str, dict[str, object]]]


def with_inputs(graph: Graph, changes: Mapping[Place, object]) -> Graph:
    """The graph with these inputs holding these values."""
    document = cast("_Document", graph.as_json())
    for place, value in changes.items():
        document[place.node]["inputs"][place.input] = copy.deepcopy(value)
    return read_graph(document)


def with_node(graph: Graph, key: str, class_type: str, inputs: Mapping[str, object]) -> Graph:
    """The graph with one more node."""
    document = graph.as_json()
    document[key] = {"class_type": class_type, "inputs": dict(inputs)}
    return read_graph(document)


def without_node(graph: Graph, key: str, replacements: Mapping[int, Link | None]) -> Graph:
    """The graph without a node; what its outputs fed is fed by the replacements."""
    document = cast("_Document", graph.as_json())
    del document[key]
    for place, link in graph.consumers.get(key, ()):
        other = replacements.get(link.slot)
        if other is None:
            del document[place.node]["inputs"][place.input]
        else:
            document[place.node]["inputs"][place.input] = [other.node, other.slot]
    return read_graph(document)


def free_id(graph: Graph) -> str:
    """An id that no node has: one more than the largest number any id starts with."""
    numbers = [int(head) for key in graph.nodes if (head := key.partition(":")[0]).isdecimal()]
    return str(max(numbers, default=0) + 1)


def target_of(graph: Graph, place: Place, role: str, claimed: Mapping[Place, Role]) -> Place:
    """Where to write so that an input changes, and nothing of another meaning with it.

    That is the primitive which feeds the input, unless the primitive also feeds
    something that means something else, or the value is computed: then it is the
    input itself, which thereby lets go of its link.
    """
    source = source_of(graph, place)
    if source is None or source == place:
        return place
    for use in _uses(graph, source.node):
        meaning = claimed.get(use) or MEANING_OF_INPUT.get(use.input)
        if meaning is not None and meaning != role:
            return place
    return source


def _uses(graph: Graph, node: str) -> list[Place]:
    """The inputs that a value ends up in, through the nodes that only pass it on."""
    uses: list[Place] = []
    pending = [node]
    while pending:
        fed = [place for place, _ in graph.consumers.get(pending.pop(), ())]
        # each has this one input, so the walk can neither meet itself nor go in a circle
        passing = [place.node for place in fed if len(graph.nodes[place.node].inputs) == 1]
        pending.extend(passing)
        uses.extend(place for place in fed if place.node not in passing)
    return uses
