"""Which models a graph loads and which LoRAs lie on the way to the sampler.

Owns the walks along model and clip links. LoRAs are reported in the order in which
they are applied: nearest the loader first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count, takewhile

from darkroom.core.workflow.catalogue import (
    CHECKPOINT_INPUTS,
    CLIP_INPUTS,
    CLIP_NEXT,
    MODEL_NEXT,
    VAE_INPUTS,
)
from darkroom.core.workflow.graph import Graph, Link, Node, Place
from darkroom.core.workflow.json_shape import as_object, number
from darkroom.core.workflow.tracing import first_input, first_origin, origin_of, source_of

_SINGLE_STRENGTHS = (
    ("strength_model", "strength_clip"),
    ("lora_model_strength", "lora_clip_strength"),
    ("strength", "clip_strength"),
)
_STACK_STRENGTHS = (("model_weight", "clip_weight"), ("model_str", "clip_str"))


@dataclass(frozen=True)
class LoraUse:
    """One LoRA of a graph: its name, how strongly it acts, and where that is set."""

    name: str
    strength: float
    strength_clip: float | None
    place: Place
    """The input that names it; for a stacking node, the entry."""


@dataclass(frozen=True)
class ModelChain:
    """The way from a stage up to the loader of its model, or from an encoder to its own."""

    nodes: tuple[Node, ...]
    """Nearest the start first; the loader, where one was found, last."""
    slots: Mapping[str, int]
    """The output by which each of them feeds the one before."""
    checkpoint: Place | None

    def exit_of(self, node: Node) -> Link:
        """The output by which a node of the chain feeds the one before."""
        return Link(node.id, self.slots[node.id])


def model_chain(graph: Graph, holder: str) -> ModelChain:
    """Walk from the node that holds a stage's model up to its loader."""
    return _chain(graph, graph.nodes[holder], MODEL_NEXT)


def clip_chain(graph: Graph, encoder: str) -> ModelChain:
    """Walk from a text encoder up to its clip loader."""
    return _chain(graph, graph.nodes[encoder], CLIP_NEXT)


def clip_names(graph: Graph, encoder: str) -> tuple[Place, ...]:
    """Where the text encoders' files are named, when they have a loader of their own."""
    for loader in clip_chain(graph, encoder).nodes[-1:]:
        return tuple(Place(loader.id, name) for name in CLIP_INPUTS if name in loader.inputs)
    return ()


def _chain(graph: Graph, start: Node, names: tuple[str, ...]) -> ModelChain:
    nodes: list[Node] = []
    slots: dict[str, int] = {}
    hit = first_origin(graph, start, names)
    while hit and hit[0].id not in slots:
        nodes.append(hit[0])
        slots[hit[0].id] = hit[1]
        hit = first_origin(graph, hit[0], names)
    last = nodes[-1] if nodes else None
    named = [n for n in CHECKPOINT_INPUTS if last and isinstance(_set(graph, last, n), str)]
    return ModelChain(tuple(nodes), slots, Place(last.id, named[0]) if last and named else None)


def _set(graph: Graph, node: Node, name: str) -> object:
    return settled(graph, Place(node.id, name)) if name in node.inputs else None


def vae_name(graph: Graph, nodes: tuple[Node, ...]) -> Place | None:
    """Where the VAE is named that turns latents into the saved picture."""
    for node in reversed(nodes):
        hit = origin_of(graph, node, "vae")
        if hit:
            return first_input(hit[0], VAE_INPUTS)
    return None


def loras_of(graph: Graph, chain: ModelChain) -> tuple[LoraUse, ...]:
    """The LoRAs along a model chain, in the order they are applied."""
    return tuple(
        use
        for node in reversed(chain.nodes)
        for carrier in _carriers(graph, node)
        for use in node_loras(graph, carrier)
    )


def _carriers(graph: Graph, node: Node) -> list[Node]:
    """A node of the chain, behind the LoRA stacks that feed it."""
    stack: dict[str, Node] = {node.id: node}
    hit = first_origin(graph, node, ("lora_stack",))
    while hit and hit[0].id not in stack:
        stack[hit[0].id] = hit[0]
        hit = first_origin(graph, hit[0], ("lora_stack",))
    return list(reversed(stack.values()))


def node_loras(graph: Graph, node: Node) -> Iterator[LoraUse]:
    """The LoRAs that one node applies."""
    if "lora_name" in node.inputs:
        yield from _lora(graph, Place(node.id, "lora_name"), _SINGLE_STRENGTHS)
        return
    for name, value in node.inputs.items():
        entry = as_object(value)
        if entry and "lora" in entry:
            yield from _entry(node, name, entry)
    for index in takewhile(lambda row: f"lora_name_{row}" in node.inputs, count(1)):
        name = f"lora_name_{index}"
        if node.inputs.get(f"switch_{index}", "On") == "On":
            pairs = tuple((f"{a}_{index}", f"{b}_{index}") for a, b in _STACK_STRENGTHS)
            yield from _lora(graph, Place(node.id, name), pairs)


def _lora(graph: Graph, place: Place, pairs: tuple[tuple[str, str], ...]) -> Iterator[LoraUse]:
    """One LoRA by its name input; "None" is how stacks write an empty row."""
    chosen = settled(graph, place)
    if isinstance(chosen, str) and chosen != "None":
        node = graph.nodes[place.node]
        on_model = _strength(graph, first_input(node, [pair[0] for pair in pairs]))
        on_clip = _strength(graph, first_input(node, [pair[1] for pair in pairs]))
        yield LoraUse(chosen, 1.0 if on_model is None else on_model, on_clip, place)


def _strength(graph: Graph, place: Place | None) -> float | None:
    return number(settled(graph, place)) if place else None


def _entry(node: Node, name: str, entry: Mapping[str, object]) -> Iterator[LoraUse]:
    """A row of rgthree's Power Lora Loader."""
    chosen, strength = entry.get("lora"), number(entry.get("strength"))
    if isinstance(chosen, str) and chosen != "None" and entry.get("on", True):
        on_clip = number(entry.get("strengthTwo"))
        yield LoraUse(chosen, 1.0 if strength is None else strength, on_clip, Place(node.id, name))


def settled(graph: Graph, place: Place) -> object:
    """The value an input ends up with, behind primitives; None where something computes it."""
    source = source_of(graph, place)
    return graph.value(source) if source else None
