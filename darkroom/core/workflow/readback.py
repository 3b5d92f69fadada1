"""Read a graph's parameters back, for the sidecar and for people.

Owns the record of what was read. Nothing is dropped: inputs of standard nodes that
carry no role are kept as settings, and every node that is not understood is kept
with its class and values.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from darkroom.core.workflow.catalogue import KNOWN_CLASSES
from darkroom.core.workflow.graph import Graph, Node, Place, as_link
from darkroom.core.workflow.json_shape import number, whole_number
from darkroom.core.workflow.models import LoraUse, settled
from darkroom.core.workflow.roles import Places, Role, Roles, find_roles
from darkroom.core.workflow.tracing import source_of, upstream

_LORA_INPUTS = frozenset({"lora_name", "strength_model", "strength_clip"})


@dataclass(frozen=True)
class StageValues:
    """The parameters of one sampler stage."""

    node: str
    class_type: str
    seed: int | None
    steps: int | None
    cfg: float | None
    sampler: str | None
    scheduler: str | None
    denoise: float | None


@dataclass(frozen=True)
class Unparsed:
    """A node that is not understood, as the graph has it."""

    node: str
    class_type: str
    title: str
    inputs: Mapping[str, object]
    reason: str


@dataclass(frozen=True)
class Parameters:
    """Everything read from one graph."""

    prompt: str | None
    negative_prompt: str | None
    seed: int | None
    steps: int | None
    cfg: float | None
    guidance: float | None
    sampler: str | None
    scheduler: str | None
    denoise: float | None
    width: int | None
    height: int | None
    batch: int | None
    checkpoint: str | None
    vae: str | None
    clip: tuple[str, ...]
    image: str | None
    mask: str | None
    filename_prefix: str | None
    loras: tuple[LoraUse, ...]
    stages: tuple[StageValues, ...]
    further_texts: Mapping[str, str]
    """Texts combined with the prompt or the negative prompt, by their address."""
    settings: Mapping[str, object]
    """What standard nodes hold beside the roles, and where a role has several values, the
    others, by their address."""
    unparsed: tuple[Unparsed, ...]


def read_back(graph: Graph, bindings: Places | None = None) -> Parameters:
    """Read every parameter that is understood, and keep the rest."""
    return parameters_of(graph, find_roles(graph, bindings))


def parameters_of(graph: Graph, roles: Roles) -> Parameters:
    """Read the values at the places that were found."""
    at = _Values(graph, roles.places)
    taken = _taken(graph, roles)
    above = {node.id for node in upstream(graph, roles.outputs[0])}
    return Parameters(
        prompt=at.text(Role.PROMPT),
        negative_prompt=at.text(Role.NEGATIVE),
        seed=at.whole(Role.SEED),
        steps=at.whole(Role.STEPS),
        cfg=at.number(Role.CFG),
        guidance=at.number(Role.GUIDANCE),
        sampler=at.text(Role.SAMPLER),
        scheduler=at.text(Role.SCHEDULER),
        denoise=at.number(Role.DENOISE),
        width=at.whole(Role.WIDTH),
        height=at.whole(Role.HEIGHT),
        batch=at.whole(Role.BATCH),
        checkpoint=at.text(Role.CHECKPOINT),
        vae=at.text(Role.VAE),
        clip=tuple(v for v in at.values(Role.CLIP) if isinstance(v, str)),
        image=at.text(Role.IMAGE),
        mask=at.text(Role.MASK),
        filename_prefix=at.text(Role.FILENAME_PREFIX),
        loras=roles.loras,
        stages=_stages(graph, roles),
        further_texts=_texts(graph, roles),
        settings=_others(graph, roles) | _settings(graph, taken, above),
        unparsed=_unparsed(graph, taken, above),
    )


@dataclass(frozen=True)
class _Values:
    graph: Graph
    places: Places

    def values(self, role: Role) -> list[object]:
        return [settled(self.graph, place) for place in self.places.get(role, ())]

    def text(self, role: Role) -> str | None:
        return _text(self.values(role))

    def whole(self, role: Role) -> int | None:
        return _whole(self.values(role))

    def number(self, role: Role) -> float | None:
        return _number(self.values(role))


def _text(values: Iterable[object]) -> str | None:
    return next((value for value in values if isinstance(value, str)), None)


def _whole(values: Iterable[object]) -> int | None:
    return next((found for v in values if (found := whole_number(v)) is not None), None)


def _number(values: Iterable[object]) -> float | None:
    return next((found for v in values if (found := number(v)) is not None), None)


def _stages(graph: Graph, roles: Roles) -> tuple[StageValues, ...]:
    def at(place: Place | None) -> list[object]:
        return [settled(graph, place)] if place else []

    return tuple(
        StageValues(
            node=stage.node,
            class_type=stage.class_type,
            seed=_whole(at(stage.seed)),
            steps=_whole(at(stage.steps)),
            cfg=_number(at(stage.cfg)),
            sampler=_text(at(stage.sampler)),
            scheduler=_text(at(stage.scheduler)),
            denoise=_number(at(stage.denoise)),
        )
        for stage in roles.stages
    )


def _texts(graph: Graph, roles: Roles) -> dict[str, str]:
    values = {str(place): settled(graph, place) for place in roles.further_texts}
    return {place: value for place, value in values.items() if isinstance(value, str)}


def _taken(graph: Graph, roles: Roles) -> frozenset[Place]:
    """The inputs that some part of the record already covers, and the primitives behind them."""
    used = [place for places in roles.places.values() for place in places]
    used += roles.further_texts
    for stage in roles.stages:
        own = (stage.seed, stage.steps, stage.cfg, stage.sampler, stage.scheduler, stage.denoise)
        used += [place for place in own if place]
    used += [Place(use.place.node, name) for use in roles.loras for name in _LORA_INPUTS]
    used += [use.place for use in roles.loras]
    present = [place for place in used if place.node in graph.nodes]
    sources = [source_of(graph, place) for place in present]
    return frozenset(present) | {source for source in sources if source}


def _left(node: Node, taken: frozenset[Place]) -> dict[str, object]:
    return {
        name: value
        for name, value in node.inputs.items()
        if as_link(value) is None and Place(node.id, name) not in taken
    }


def _others(graph: Graph, roles: Roles) -> dict[str, object]:
    """Values of a role at its further places, where they differ from its first value."""
    found: dict[str, object] = {}
    for role, places in roles.places.items():
        values = [(place, settled(graph, place)) for place in places]
        if role is not Role.CLIP:
            found |= {str(place): v for place, v in values[1:] if v not in (None, values[0][1])}
    return found


def _settings(graph: Graph, taken: frozenset[Place], above: set[str]) -> dict[str, object]:
    return {
        f"{node.id}.{name}": value
        for node in graph.nodes.values()
        if node.id in above and node.class_type in KNOWN_CLASSES
        for name, value in _left(node, taken).items()
    }


def _unparsed(graph: Graph, taken: frozenset[Place], above: set[str]) -> tuple[Unparsed, ...]:
    claimed = {place.node for place in taken}
    found: list[Unparsed] = []
    for node in graph.nodes.values():
        left = _left(node, taken)
        if node.id not in above:
            reason = "not upstream of the saved image"
        elif node.class_type in KNOWN_CLASSES or (node.id in claimed and not left):
            continue
        else:
            reason = "not understood"
        found.append(Unparsed(node.id, node.class_type, node.title, left, reason))
    return tuple(found)
