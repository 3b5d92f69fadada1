"""The explicit table that says where a role is set, for graphs the walk misreads.

Owns the reading of `role -> "node.input"` (or a list of them) and of role names with
their other spellings. Every mistake in a table is reported at once.
"""

from collections.abc import Mapping

from darkroom.core.errors import WorkflowError
from darkroom.core.text import nearest
from darkroom.core.workflow.graph import Graph, Place
from darkroom.core.workflow.json_shape import as_list
from darkroom.core.workflow.roles import Places, Role

_OTHER_NAMES = {
    "positive": Role.PROMPT,
    "positive_prompt": Role.PROMPT,
    "negative_prompt": Role.NEGATIVE,
    "noise_seed": Role.SEED,
    "cfg_scale": Role.CFG,
    "flux_guidance": Role.GUIDANCE,
    "sampler_name": Role.SAMPLER,
    "batch_size": Role.BATCH,
    "ckpt_name": Role.CHECKPOINT,
    "model": Role.CHECKPOINT,
    "input_image": Role.IMAGE,
    "prefix": Role.FILENAME_PREFIX,
}


def role_named(name: str) -> Role:
    """The role of that name or other spelling; an unknown one is an error with the nearest."""
    form = name.replace("-", "_")
    try:
        return _OTHER_NAMES.get(form) or Role(form)
    except ValueError:
        near = nearest(form, [*(str(role) for role in Role), *_OTHER_NAMES])
        meant = f"; did you mean {near!r}?" if near else f"; there are {', '.join(Role)}"
        raise WorkflowError("workflow-role-unknown", f"no role is called {name!r}{meant}") from None


def read_bindings(table: Mapping[str, object], graph: Graph, where: str = "bindings") -> Places:
    """Check a bindings table against a graph."""
    found: dict[Role, tuple[Place, ...]] = {}
    problems: list[str] = []
    for name, value in table.items():
        try:
            role = role_named(name)
        except WorkflowError as error:
            problems.append(error.message)
            continue
        targets = as_list(value) or [value]
        found[role] = tuple(place_named(target, graph, problems) for target in targets)
    if problems:
        raise WorkflowError("workflow-binding", "; ".join(problems), where=where)
    return found


def place_named(target: object, graph: Graph, problems: list[str]) -> Place:
    """Read "node.input"; what is wrong with it is added to the problems."""
    node, _, name = target.partition(".") if isinstance(target, str) else ("", "", "")
    place = Place(node, name)
    if not node or not name:
        problems.append(f"{target!r} is not of the form node.input")
    elif node not in graph.nodes:
        near = nearest(node, graph.nodes)
        problems.append(f"there is no node {node!r}" + (f"; is it {near!r}?" if near else ""))
    elif name not in graph.nodes[node].inputs:
        has = ", ".join(graph.nodes[node].inputs)
        problems.append(f"{graph.nodes[node].label} has no input {name!r}; it has {has}")
    return place
