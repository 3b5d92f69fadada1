"""Write values into a graph by what they mean.

Owns the way from role values to changed inputs, and the refusal of a role that a
graph has no place for. Values are checked before anything is written.
"""

from collections.abc import Mapping

from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.bindings import role_named
from darkroom.core.workflow.edit import target_of, with_inputs
from darkroom.core.workflow.graph import Graph, Place
from darkroom.core.workflow.json_shape import as_list
from darkroom.core.workflow.roles import Places, Role, Roles, find_roles
from darkroom.core.workflow.values import check_value


def patch(graph: Graph, values: Mapping[str, object], bindings: Places | None = None) -> Graph:
    """The graph with these role values in it; roles may be named in any known spelling."""
    wanted = {role_named(name): value for name, value in values.items()}
    return with_inputs(graph, changes_for(graph, wanted, find_roles(graph, bindings)))


def changes_for(graph: Graph, wanted: Mapping[Role, object], roles: Roles) -> dict[Place, object]:
    """Which inputs have to hold what, so that each role has its value."""
    changes: dict[Place, object] = {}
    claimed = {place: role for role, places in roles.places.items() for place in places}
    for role, value in wanted.items():
        check_value(role, value)
        places = roles.places.get(role)
        if not places:
            raise WorkflowError("workflow-role", _no_place(role, roles))
        for place, one in _spread(role, value, places):
            changes[target_of(graph, place, role, claimed)] = one
    return changes


def _spread(
    role: Role, value: object, places: tuple[Place, ...]
) -> tuple[tuple[Place, object], ...]:
    """The same value for every place, except for text encoders, which come in sets."""
    names = as_list(value) or [value]
    if role is not Role.CLIP:
        return tuple((place, value) for place in places)
    if len(names) != len(places):
        raise WorkflowError(
            "workflow-value",
            f"{role} needs {len(places)} file names ({', '.join(map(str, places))}), "
            f"not {len(names)}",
        )
    return tuple(zip(places, names, strict=True))


def _no_place(role: Role, roles: Roles) -> str:
    reason = roles.absences.get(role)
    because = f" ({reason})" if reason else ""
    has = ", ".join(roles.places) or "none"
    return f"this graph has no place for {role}{because}; it has places for: {has}"
