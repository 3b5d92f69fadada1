"""What is wrong with a graph, in the words and shapes of ComfyUI."""

from dataclasses import dataclass, field
from typing import Any

Problem = dict[str, Any]


def problem(kind: str, message: str, details: str, **extra_info: Any) -> Problem:
    """One entry of an `errors` list, or the `error` of a whole prompt."""
    return {"type": kind, "message": message, "details": details, "extra_info": extra_info}


@dataclass(frozen=True)
class Verdict:
    """A graph that may run, or why not."""

    outputs: tuple[str, ...]
    """The output nodes that can run; empty where nothing can."""
    error: Problem | None = None
    node_errors: dict[str, Problem] = field(default_factory=dict[str, Problem])
    """May be there although something can run: the other branches were dropped."""


FAILED = problem("prompt_outputs_failed_validation", "Prompt outputs failed validation", "")
NO_OUTPUTS = problem("prompt_no_outputs", "Prompt has no outputs", "")


def missing_node(node_id: str, class_type: object, title: object) -> Problem:
    """A node of a class this engine has not, or of none."""
    if class_type is None:
        message = f"Node 'ID #{node_id}' has no class_type. "
        message += "The workflow may be corrupted or a custom node is missing."
    else:
        message = f"Node '{title}' not found. The custom node may not be installed."
    return problem(
        "missing_node_type",
        message,
        f"Node ID '#{node_id}'",
        node_id=node_id,
        class_type=class_type,
        node_title=title,
    )


def too_large(count: int, limit: int) -> Problem:
    """More nodes than this engine takes."""
    return problem("prompt_too_large", f"{count} nodes are more than {limit}", "")
