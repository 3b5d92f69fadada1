"""Why a server will not take a graph, in words that name the node and the input.

Owns two things: the check of a graph before it is sent (a wrong shape makes the server
answer with a bare 500), and the reading of the server's answer 400.
"""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping

from darkroom.adapters.comfyui.faults import tidy
from darkroom.core.errors import JobRejected, WorkflowError
from darkroom.core.workflow.graph import Graph, read_graph
from darkroom.core.workflow.json_shape import as_list, as_object, list_at, object_at, text_at
from darkroom.core.workflow.nearest import nearest_name
from darkroom.core.workflow.values import LARGEST_SEED

_SEEDS = frozenset({"seed", "noise_seed"})
_MOST_TOLD = 5
Facts = Mapping[str, object]
Options = Callable[[str, str], tuple[str, ...]]
"""Asks the server what an input of a class takes; for lists it left out of its answer."""


def check_before_sending(graph: object, prompt_id: str) -> None:
    """Refuse what the server would refuse, or would answer with a bare 500."""
    if not _is_canonical(prompt_id):
        message = f"{prompt_id[:60]!r} is no lower-case UUID, which servers ask for as prompt id"
        raise JobRejected("job-graph-invalid", message)
    try:
        checked = read_graph(graph)
        json.dumps(graph, allow_nan=False)
    except WorkflowError as exc:
        raise JobRejected("job-graph-invalid", exc.message) from exc
    except (TypeError, ValueError, RecursionError) as exc:
        message = "the graph holds what JSON cannot say: NaN, infinity, or no JSON value at all"
        raise JobRejected("job-graph-invalid", message) from exc
    for node, name, value in _seeds(checked):
        if not 0 <= value <= LARGEST_SEED:
            message = f"node {node}, input {name}: the seed {value} is not from 0 to 2^64-1"
            hint = "draw the seed before submitting; -1 means nothing to a server"
            raise JobRejected("job-graph-invalid", message, hint=hint)


def _is_canonical(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _seeds(graph: Graph) -> Iterator[tuple[str, str, int]]:
    for node in graph.nodes.values():
        for name in _SEEDS & set(node.inputs):
            value = node.inputs[name]
            if isinstance(value, int) and not isinstance(value, bool):
                yield node.id, name, value


def explain(answer: object, graph: Mapping[str, object], options: Options) -> str:
    """What the server found wrong, from its answer 400 or the errors inside a 200."""
    body = as_object(answer) or {}
    errors = object_at(body, "node_errors")
    told = [line for node, value in errors.items() for line in _node(node, value, graph, options)]
    if told:
        rest = len(told) - _MOST_TOLD
        return "; ".join(told[:_MOST_TOLD]) + (f"; ... and {rest} more" if rest > 0 else "")
    error = object_at(body, "error")
    message = text_at(error, "message") or text_at(body, "error") or "it gives no reason"
    details = text_at(error, "details")
    repeated = not details or details in message
    return tidy(message if repeated else f"{message} ({details})")


def _node(node: str, value: object, graph: Mapping[str, object], options: Options) -> Iterator[str]:
    facts = as_object(value) or {}
    class_type = text_at(facts, "class_type")
    for item in list_at(facts, "errors"):
        error = as_object(item) or {}
        if text_at(error, "type").startswith("exception_during"):
            yield from _inner(node, class_type, error, graph)
        else:
            yield f"node {node} ({class_type}){_one(class_type, error, options)}"


def _one(class_type: str, error: Facts, options: Options) -> str:
    extra = object_at(error, "extra_info")
    name = text_at(extra, "input_name")
    message, details = text_at(error, "message"), text_at(error, "details")
    where = f", input {name}" if name else ""
    if text_at(error, "type") != "value_not_in_list" or not name:
        more = "" if not details or details == name else f" ({tidy(details, 120)})"
        return f"{where}: {tidy(message, 160)}{more}"
    value = str(extra.get("received_value", ""))
    meant = nearest_name(value, _listed(extra) or options(class_type, name))
    hint = f"; did you mean {meant!r}?" if meant else ""
    return f"{where}: the server has no {tidy(repr(value), 120)}{hint}"


def _listed(extra: Facts) -> tuple[str, ...]:
    config = as_list(extra.get("input_config")) or []
    found = (as_list(config[0]) if config else None) or []
    return tuple(item for item in found if isinstance(item, str))


def _inner(node: str, class_type: str, error: Facts, graph: Mapping[str, object]) -> Iterator[str]:
    """An exception while the server followed a link; it is filed on the wrong node."""
    dangling = list(_dangling(graph))
    if not dangling:
        said = tidy(error.get("details"), 120)
        yield f"node {node} ({class_type}): a link of it leads nowhere ({said})"
    for place, missing in dangling:
        yield f"{place} is fed by node {missing}, which is not in the graph"


def _dangling(graph: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for node in read_graph(dict(graph)).nodes.values():
        for name, link in node.links:
            if link.node not in graph:
                yield f"node {node.id} ({node.class_type}), input {name}", link.node
