"""Where the texts of a graph are: the walk along positive and negative conditioning.

Owns that walk. In one stage the first text along the main branch is the prompt;
texts that are combined with it are reported as further texts, because writing one
prompt into all of them would undo the combination.
"""

from dataclasses import dataclass, field

from darkroom.core.workflow.catalogue import (
    CONDITIONING_FURTHER,
    CONDITIONING_NEXT,
    SILENCING_CLASSES,
    TEXT_INPUTS,
)
from darkroom.core.workflow.graph import Graph, Node, Place
from darkroom.core.workflow.stages import Stage
from darkroom.core.workflow.tracing import first_input, first_origin, origin_of

_SIDES = ("positive", "negative")
_NEGATIVE_NEXT = ("negative", "uncond", "text_embeds")
_POSITIVE_NEXT = ("positive", *CONDITIONING_NEXT, "text_embeds")


@dataclass
class Texts:
    """What one walk found."""

    main: tuple[Place, ...] = ()
    encoder: str = ""
    guidance: Place | None = None
    further: list[Place] = field(default_factory=list[Place])
    silenced: str = ""


def positive_texts(graph: Graph, stage: Stage) -> Texts:
    """The texts that a stage draws towards."""
    return _walk(graph, stage, _POSITIVE_NEXT, "positive")


def negative_texts(graph: Graph, stage: Stage) -> Texts:
    """The texts that a stage draws away from."""
    return _walk(graph, stage, _NEGATIVE_NEXT, "negative")


def _walk(graph: Graph, stage: Stage, names: tuple[str, ...], side: str) -> Texts:
    found = Texts()
    root = first_origin(graph, graph.nodes[stage.guider], names)
    pending = [root] if root else []
    seen: set[str] = set()
    while pending:
        node, slot = pending.pop()
        if node.id in seen:
            continue
        seen.add(node.id)
        if node.class_type in SILENCING_CLASSES:
            found.silenced = found.silenced or node.id
            continue
        pending.extend(reversed(_visit(graph, node, (slot, side), found)))
    return found


def _visit(
    graph: Graph, node: Node, arrival: tuple[int, str], found: Texts
) -> list[tuple[Node, int]]:
    """Note what a node says and return where to go on, the main branch first."""
    if not found.main and found.guidance is None:
        found.guidance = first_input(node, ("guidance",))
    texts = text_places(node, arrival[1])
    if texts and not found.main:
        found.main, found.encoder = texts, node.id
    else:
        found.further.extend(texts)
    names = _next_inputs(node, arrival)
    return [hit for name in names if (hit := origin_of(graph, node, name))]


def text_places(node: Node, side: str) -> tuple[Place, ...]:
    """The inputs of an encoder that hold its text; none for a node that encodes nothing."""
    own = [name for name in (side, f"{side}_prompt") if isinstance(node.inputs.get(name), str)]
    if own:
        return (Place(node.id, own[0]),)
    names = [name for name in TEXT_INPUTS if name in node.inputs]
    encodes = any(name.startswith("clip") and node.link(name) for name in node.inputs)
    if not encodes and "Encode" not in node.class_type:
        return ()
    return tuple(Place(node.id, name) for name in names)


def _next_inputs(node: Node, arrival: tuple[int, str]) -> tuple[str, ...]:
    """The conditioning inputs to follow from here.

    A node with both sides hands positive on by its first output and negative by its
    second; the slot decides, so crossed wires are followed as they run.
    """
    slot, side = arrival
    if node.link("positive") and node.link("negative"):
        return (_SIDES[slot],) if slot < len(_SIDES) else (side,)
    if node.link(side):
        return (side,)
    return (*CONDITIONING_NEXT, *CONDITIONING_FURTHER)
