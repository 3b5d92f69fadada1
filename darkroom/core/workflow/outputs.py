"""Which node gives the picture we keep.

Owns the rule: a node that saves goes before one that only previews; then the one
with more sampler stages above it; then the one with more nodes above it; then the
smallest id. All candidates are reported beside the chosen one.
"""

from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.catalogue import (
    OUTPUT_PICTURE_INPUTS,
    PREVIEWING_CLASSES,
    SAVING_CLASSES,
)
from darkroom.core.workflow.graph import Graph, Node
from darkroom.core.workflow.stages import is_stage
from darkroom.core.workflow.tracing import upstream

_MOST_WEIGHED = 20


def find_outputs(graph: Graph) -> tuple[str, ...]:
    """The nodes that give pictures, the one to keep first; an error where there is none."""
    ends = [node for node in graph.nodes.values() if _gives_picture(graph, node)]
    if not ends:
        raise WorkflowError(
            "workflow-no-output",
            f"none of its {len(graph.nodes)} nodes saves or previews an image",
        )
    # weighing walks the graph once per candidate: beyond a few, the file's order decides
    weighed = sorted(ends[:_MOST_WEIGHED], key=lambda node: _weight(graph, node))
    return tuple(node.id for node in [*weighed, *ends[_MOST_WEIGHED:]])


def saves(node: Node) -> bool:
    """Whether a node writes its picture for keeps."""
    is_named_so = "save" in node.class_type.lower()
    return node.class_type in SAVING_CLASSES or "filename_prefix" in node.inputs or is_named_so


def _gives_picture(graph: Graph, node: Node) -> bool:
    if not any(node.link(name) for name in OUTPUT_PICTURE_INPUTS):
        return False
    if node.class_type in PREVIEWING_CLASSES or saves(node):
        return True
    return node.id not in graph.consumers and "preview" in node.class_type.lower()


def _weight(graph: Graph, node: Node) -> tuple[bool, int, int, tuple[bool, int, str]]:
    above = upstream(graph, node.id)
    stages = sum(1 for one in above if is_stage(one))
    return (not saves(node), -stages, -len(above), order_of(node.id))


def order_of(key: str) -> tuple[bool, int, str]:
    """Sort ids as people count: "9" before "10", names after numbers."""
    return (not key.isdecimal(), int(key) if key.isdecimal() else 0, key)
