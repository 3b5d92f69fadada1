"""What a graph says, as one record to look at: roles with values and places, and the rest.

Owns the choice of what `darkroom workflow show` tells. It reads nothing that
`readback` and `roles` do not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from darkroom.core.workflow.graph import Graph
from darkroom.core.workflow.models import LoraUse, settled
from darkroom.core.workflow.readback import StageValues, Unparsed, parameters_of
from darkroom.core.workflow.roles import Places, Role, find_roles


@dataclass(frozen=True)
class RoleRow:
    """One role: what it is set to, and where."""

    role: str
    value: object
    places: tuple[str, ...]


@dataclass(frozen=True)
class Overview:
    """Everything worth telling about one graph."""

    nodes: int
    outputs: tuple[str, ...]
    """The first is the one whose picture is kept."""
    roles: tuple[RoleRow, ...]
    absent: Mapping[str, str]
    """Roles without a place, with the reason where there is one."""
    loras: tuple[LoraUse, ...]
    stages: tuple[StageValues, ...]
    further_texts: Mapping[str, str]
    settings: Mapping[str, object]
    unparsed: tuple[Unparsed, ...]


def overview(graph: Graph, bindings: Places | None = None) -> Overview:
    """Read a graph for people to look at."""
    roles = find_roles(graph, bindings)
    read = parameters_of(graph, roles)
    return Overview(
        nodes=len(graph.nodes),
        outputs=tuple(graph.nodes[key].label for key in roles.outputs),
        roles=tuple(
            RoleRow(
                str(role),
                read.clip if role is Role.CLIP else settled(graph, places[0]),
                tuple(map(str, places)),
            )
            for role, places in roles.places.items()
        ),
        absent={str(role): why for role, why in roles.absences.items() if role not in roles.places},
        loras=read.loras,
        stages=read.stages,
        further_texts=read.further_texts,
        settings=read.settings,
        unparsed=read.unparsed,
    )
