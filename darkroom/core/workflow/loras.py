"""Put LoRAs into a graph, take them out, change how strongly they act.

Owns the rewiring. A new LoRA goes behind the last one of the first stage's model
chain, or behind the loader: everything that output fed is fed by the LoRA from then
on. Where model and text encoder come out of one checkpoint (or the last LoRA carries
both), the new one acts on both; where the model has a loader of its own, on the model.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from darkroom.core.errors import WorkflowError
from darkroom.core.text import nearest
from darkroom.core.workflow.edit import free_id, with_inputs, with_node, without_node
from darkroom.core.workflow.graph import Graph, Link, Node, Place
from darkroom.core.workflow.json_shape import as_object
from darkroom.core.workflow.models import (
    LoraUse,
    clip_chain,
    model_chain,
    node_loras,
)
from darkroom.core.workflow.roles import Roles, find_roles

_LORA_CLASSES = frozenset({"LoraLoader", "LoraLoaderModelOnly", "LoraLoader|pysssss"})


@dataclass(frozen=True)
class Lora:
    """A LoRA to put in; without a clip strength, text encoder and model get the same."""

    name: str
    strength: float = 1.0
    strength_clip: float | None = None


def read_lora(argument: str) -> Lora:
    """Take "NAME:STRENGTH" apart; the name may hold colons, the strength may be missing."""
    name, colon, text = argument.rpartition(":")
    try:
        strength = float(text) if colon else 1.0
    except ValueError:
        return _named(argument, Lora(argument))
    return _named(argument, Lora(name if colon else argument, strength))


def _named(argument: str, lora: Lora) -> Lora:
    if not lora.name or not -100 <= lora.strength <= 100:  # noqa: PLR2004 - the server's own limit
        raise WorkflowError(
            "workflow-lora",
            f"{argument!r} is not NAME or NAME:STRENGTH with a strength from -100 to 100",
        )
    return lora


def add_loras(graph: Graph, loras: Iterable[Lora]) -> Graph:
    """The graph with these LoRAs behind those it has, in this order."""
    for lora in loras:
        graph = _added(graph, lora)
    return graph


def remove_loras(graph: Graph, names: Iterable[str] | None = None) -> Graph:
    """The graph without these LoRAs, or without any; a name it does not have is an error."""
    uses = find_roles(graph).loras
    wanted = None if names is None else list(names)
    for name in wanted or ():
        _uses_of(uses, name)
    for use in uses:
        if wanted is None or use.name in wanted:
            graph = _removed(graph, use)
    return graph


def replace_loras(graph: Graph, loras: Iterable[Lora]) -> Graph:
    """The graph with exactly these LoRAs."""
    return add_loras(remove_loras(graph), loras)


def set_strength(graph: Graph, lora: Lora) -> Graph:
    """The graph with a LoRA it has acting this strongly."""
    changes: dict[Place, object] = {}
    for use in _uses_of(find_roles(graph).loras, lora.name):
        node = graph.nodes[use.place.node]
        row = as_object(graph.value(use.place))
        if row is not None:
            changes[use.place] = {**row, "strength": lora.strength}
        else:
            changes |= _strengths(node, use.place.input, lora)
    return with_inputs(graph, changes)


def _strengths(node: Node, name_input: str, lora: Lora) -> dict[Place, object]:
    suffix = name_input.removeprefix("lora_name")
    on_model = [f"{stem}{suffix}" for stem in ("strength_model", "model_weight", "model_str")]
    on_clip = [f"{stem}{suffix}" for stem in ("strength_clip", "clip_weight", "clip_str")]
    of_clip = lora.strength if lora.strength_clip is None else lora.strength_clip
    found: dict[Place, object] = {
        Place(node.id, name): lora.strength for name in on_model if name in node.inputs
    }
    found |= {Place(node.id, name): of_clip for name in on_clip if name in node.inputs}
    if not found:
        raise WorkflowError("workflow-lora", f"{node.label} has no strength that is understood")
    return found


def _uses_of(uses: tuple[LoraUse, ...], name: str) -> list[LoraUse]:
    found = [use for use in uses if use.name == name]
    if not found:
        has = [use.name for use in uses]
        near = nearest(name, has)
        meant = f"did you mean {near!r}?" if near else f"it has {', '.join(has) or 'none'}"
        raise WorkflowError("workflow-lora", f"this graph has no LoRA {name!r}; {meant}")
    return found


def _removed(graph: Graph, use: LoraUse) -> Graph:
    node = graph.nodes[use.place.node]
    row = as_object(graph.value(use.place))
    if row is not None:
        return with_inputs(graph, {use.place: {**row, "on": False}})
    if node.class_type in _LORA_CLASSES:
        return without_node(graph, node.id, {0: node.link("model"), 1: node.link("clip")})
    return with_inputs(graph, {use.place: "None"})


def _added(graph: Graph, lora: Lora) -> Graph:
    model, clip = _anchors(graph, find_roles(graph))
    inputs: dict[str, object] = {"lora_name": lora.name, "strength_model": lora.strength}
    inputs["model"] = [model.node, model.slot]
    if clip is not None:
        of_clip = lora.strength if lora.strength_clip is None else lora.strength_clip
        inputs |= {"strength_clip": of_clip, "clip": [clip.node, clip.slot]}
    elif lora.strength_clip is not None:
        raise WorkflowError(
            "workflow-lora",
            f"{lora.name!r} cannot act on a text encoder here: the model is loaded on its own",
        )
    key = free_id(graph)
    changes = _rewired(graph, model, Link(key, 0))
    if clip is not None:
        changes |= _rewired(graph, clip, Link(key, 1))
    class_type = "LoraLoaderModelOnly" if clip is None else "LoraLoader"
    return with_node(with_inputs(graph, changes), key, class_type, inputs)


def _rewired(graph: Graph, old: Link, new: Link) -> dict[Place, object]:
    uses = graph.consumers.get(old.node, ())
    return {place: [new.node, new.slot] for place, link in uses if link == old}


def _anchors(graph: Graph, roles: Roles) -> tuple[Link, Link | None]:
    """The outputs behind which a new LoRA goes: the model's, and the encoder's if it shares."""
    if not roles.stages:
        raise WorkflowError("workflow-lora", "no sampler is above the saved image")
    chain = model_chain(graph, roles.stages[0].guider)
    if not chain.nodes:
        raise WorkflowError("workflow-lora", "the loader of the model was not found")
    anchor = next((node for node in chain.nodes if _carries_lora(graph, node)), chain.nodes[-1])
    return chain.exit_of(anchor), _clip_exit(graph, roles, anchor)


def _carries_lora(graph: Graph, node: Node) -> bool:
    return any(node_loras(graph, node)) or "lora" in node.class_type.lower()


def _clip_exit(graph: Graph, roles: Roles, anchor: Node) -> Link | None:
    """The text encoder's output of the anchor, if the prompt is encoded by way of it."""
    for encoder in roles.encoders[:1]:
        chain = clip_chain(graph, encoder)
        if anchor.id in chain.slots:
            return chain.exit_of(anchor)
    return None
