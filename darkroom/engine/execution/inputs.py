"""Check the inputs of one node against what its class declares.

Owns the coercion of numbers given as text, as ComfyUI does it: the graph is changed
in place and history shows the changed values.
"""

import math
from typing import Any

from darkroom.engine.documents import listing
from darkroom.engine.execution.graph import Graph, is_link
from darkroom.engine.execution.verdicts import Problem, problem
from darkroom.engine.nodes.catalogue import NODES
from darkroom.engine.nodes.definition import Around, Input, NodeType

_LISTED_AT_MOST = 20
"""Longer lists are not quoted back."""


def check_inputs(graph: Graph, node_id: str, around: Around) -> list[Problem]:
    """Every complaint about the inputs of one node.

    Raises KeyError, IndexError or TypeError where a link points at nothing.
    """
    node_type = NODES[graph[node_id]["class_type"]]
    inputs: dict[str, Any] = graph[node_id]["inputs"]
    problems = [
        found
        for declared in node_type.inputs
        if (found := _check(graph, inputs, declared, around)) is not None
    ]
    return problems or _own_check(node_type, inputs, around)


def _own_check(node_type: NodeType, inputs: dict[str, Any], around: Around) -> list[Problem]:
    if node_type.check is None:
        return []
    complaints = node_type.check(inputs, around)
    return [
        problem(
            "custom_validation_failed",
            "Custom validation failed for node",
            f"{name} - {complaint}",
            input_name=name,
        )
        for name, complaint in complaints.items()
    ]


def _check(graph: Graph, inputs: dict[str, Any], declared: Input, around: Around) -> Problem | None:
    name = declared.name
    if name not in inputs:
        return problem("required_input_missing", "Required input is missing", name, input_name=name)
    value = inputs[name]
    if isinstance(value, list):
        return _check_link(graph, declared, listing(inputs[name]), around)
    if declared.choices is not None:
        return _check_choice(declared, value, around)
    return _check_value(inputs, declared, around)


def _check_link(graph: Graph, declared: Input, value: list[Any], around: Around) -> Problem | None:
    config, name = declared.config(around), declared.name
    if not is_link(value):
        return problem(
            "bad_linked_input",
            "Bad linked input, must be a length-2 list of [node_id, slot_index]",
            name,
            input_name=name,
            input_config=config,
            received_value=value,
        )
    received = linked_type(graph, value)
    if received == declared.kind:
        return None
    return problem(
        "return_type_mismatch",
        "Return type mismatch between linked nodes",
        f"{name}, received_type({received}) mismatch input_type({declared.kind})",
        input_name=name,
        input_config=config,
        received_type=received,
        linked_node=value,
    )


def linked_type(graph: Graph, value: list[Any]) -> str:
    """The type a link brings; raises where it points at nothing."""
    if isinstance(value[1], int) and value[1] < 0:
        raise IndexError("tuple index out of range")
    return NODES[graph[value[0]]["class_type"]].output_types[value[1]]


def _check_choice(declared: Input, value: object, around: Around) -> Problem | None:
    listed = declared.listed(around)
    if value in listed or not declared.closed:
        return None
    elided = len(listed) > _LISTED_AT_MOST
    return problem(
        "value_not_in_list",
        "Value not in list",
        f"{declared.name}: '{value}' not in "
        + (f"(list of length {len(listed)})" if elided else str(listed)),
        input_name=declared.name,
        input_config=None if elided else declared.config(around),
        received_value=value,
    )


def _check_value(inputs: dict[str, Any], declared: Input, around: Around) -> Problem | None:
    name, value = declared.name, inputs[declared.name]
    try:
        inputs[name] = coerced = _coerced(declared.kind, value)
    except (ValueError, TypeError, OverflowError) as exc:
        return problem(
            "invalid_input_type",
            f"Failed to convert an input value to a {declared.kind} value",
            f"{name}, {value}, {exc}",
            input_name=name,
            input_config=declared.config(around),
            received_value=value,
            exception_message=str(exc),
        )
    return _check_range(declared, coerced, around)


def _coerced(kind: str, value: Any) -> Any:
    match kind:
        case "INT":
            return int(value)
        case "FLOAT":
            number = float(value)
            if not math.isfinite(number):
                raise ValueError("not a finite number")
            return number
        case "STRING":
            return str(value)
        case _:
            raise TypeError(f"only a link can bring a {kind}")


def _check_range(declared: Input, value: Any, around: Around) -> Problem | None:
    low, high = declared.options.get("min"), declared.options.get("max")
    quoted: dict[str, Any] = {
        "input_name": declared.name,
        "input_config": declared.config(around),
        "received_value": value,
    }
    if low is not None and value < low:
        message = f"Value {value} smaller than min of {low}"
        return problem("value_smaller_than_min", message, declared.name, **quoted)
    if high is not None and value > high:
        message = f"Value {value} bigger than max of {high}"
        return problem("value_bigger_than_max", message, declared.name, **quoted)
    return None
