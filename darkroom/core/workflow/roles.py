"""Find what each value of a graph means, starting from the saved picture.

Owns the list of roles and the rule which places each of them covers:

- prompt, negative and seed: every stage, so that one picture has one of each;
- steps, cfg, guidance, sampler, scheduler: the first stage and those that go on with
  its schedule (base and refiner); a second pass keeps its own;
- denoise: the first stage that starts from a picture, else the first stage;
- size, batch, input image and mask: where the first stage starts.

Node ids never decide; an explicit bindings table does, where it is given.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from darkroom.core.workflow import latents, models
from darkroom.core.workflow.graph import Graph, Node, Place
from darkroom.core.workflow.models import LoraUse
from darkroom.core.workflow.outputs import find_outputs, saves
from darkroom.core.workflow.prompts import Texts, negative_texts, positive_texts
from darkroom.core.workflow.stages import Stage, find_stages
from darkroom.core.workflow.tracing import upstream


class Role(StrEnum):
    """What a value of a graph can mean to an experiment."""

    PROMPT = "prompt"
    NEGATIVE = "negative"
    SEED = "seed"
    STEPS = "steps"
    CFG = "cfg"
    GUIDANCE = "guidance"
    SAMPLER = "sampler"
    SCHEDULER = "scheduler"
    DENOISE = "denoise"
    WIDTH = "width"
    HEIGHT = "height"
    BATCH = "batch"
    CHECKPOINT = "checkpoint"
    VAE = "vae"
    CLIP = "clip"
    IMAGE = "image"
    MASK = "mask"
    FILENAME_PREFIX = "filename_prefix"


Places = Mapping[Role, tuple[Place, ...]]


@dataclass(frozen=True)
class Roles:
    """What was found in one graph."""

    outputs: tuple[str, ...]
    """Every node that gives a picture; the first is the one to keep."""
    stages: tuple[Stage, ...]
    places: Places
    """Where each role is set, seen from the node that uses it; absent: no place for it."""
    loras: tuple[LoraUse, ...]
    encoders: tuple[str, ...]
    """The text encoder of the prompt of each stage."""
    further_texts: tuple[Place, ...]
    """Texts combined with the prompt or the negative prompt of a stage."""
    absences: Mapping[Role, str]
    """Why a role has no place, where that is worth saying."""


def find_roles(graph: Graph, bindings: Places | None = None) -> Roles:
    """Walk upstream from the saved picture; bindings win over what the walk finds."""
    outputs = find_outputs(graph)
    stages = find_stages(graph, outputs[0])
    texts = [(positive_texts(graph, stage), negative_texts(graph, stage)) for stage in stages]
    found: dict[Role, list[Place | None]] = {role: [] for role in Role}
    _add_saving(graph, outputs[0], found)
    loras: tuple[LoraUse, ...] = ()
    if stages:
        _add_sampling(stages, texts, found)
        _add_start(graph, stages, found)
        loras = _add_models(graph, (stages, texts[0][0].encoder, outputs[0]), found)
    if not any(found[Role.IMAGE]):
        found[Role.IMAGE].append(_only_image(upstream(graph, outputs[0])))
    places = {role: _distinct(places) for role, places in found.items()}
    further = [place for pair in texts for side in pair for place in side.further]
    return Roles(
        outputs=outputs,
        stages=stages,
        places={role: p for role, p in (places | dict(bindings or {})).items() if p},
        loras=loras,
        encoders=tuple(positive.encoder for positive, _ in texts if positive.encoder),
        further_texts=_without(_distinct(further), places[Role.PROMPT] + places[Role.NEGATIVE]),
        absences=_absences(stages, texts, places),
    )


_Found = dict[Role, list[Place | None]]
_Sides = list[tuple[Texts, Texts]]


def _add_saving(graph: Graph, output: str, found: _Found) -> None:
    node = graph.nodes[output]
    if saves(node) and "filename_prefix" in node.inputs:
        found[Role.FILENAME_PREFIX].append(Place(output, "filename_prefix"))


def _add_sampling(stages: tuple[Stage, ...], texts: _Sides, found: _Found) -> None:
    for index, (stage, (positive, negative)) in enumerate(zip(stages, texts, strict=True)):
        found[Role.PROMPT].extend(positive.main)
        found[Role.NEGATIVE].extend(p for p in negative.main if p not in positive.main)
        found[Role.SEED].append(stage.seed)
        if index == 0 or stage.continues:
            found[Role.STEPS].append(stage.steps)
            found[Role.CFG].append(stage.cfg)
            found[Role.GUIDANCE].append(positive.guidance)
            found[Role.SAMPLER].append(stage.sampler)
            found[Role.SCHEDULER].append(stage.scheduler)


def _add_start(graph: Graph, stages: tuple[Stage, ...], found: _Found) -> None:
    starts = [latents.find_start(graph, stage.node) for stage in stages]
    first = starts[0]
    found[Role.WIDTH].append(first.width)
    found[Role.HEIGHT].append(first.height)
    found[Role.BATCH].append(first.batch)
    found[Role.IMAGE].append(first.image)
    found[Role.MASK].append(first.mask)
    from_picture = [s for s, start in zip(stages, starts, strict=True) if not start.is_empty]
    found[Role.DENOISE].append((from_picture or list(stages))[0].denoise)


def _add_models(
    graph: Graph, around: tuple[tuple[Stage, ...], str, str], found: _Found
) -> tuple[LoraUse, ...]:
    stages, encoder, output = around
    chains = [models.model_chain(graph, stage.guider) for stage in stages]
    found[Role.CHECKPOINT].append(chains[0].checkpoint)
    found[Role.CLIP].extend(models.clip_names(graph, encoder) if encoder else ())
    found[Role.VAE].append(models.vae_name(graph, upstream(graph, output)))
    uses = (use for chain in chains for use in models.loras_of(graph, chain))
    return tuple({use.place: use for use in uses}.values())


def _only_image(above: tuple[Node, ...]) -> Place | None:
    """The one image a graph loads, when it does not draw over it (a control image, say)."""
    loaded = [place for node in above if (place := latents.image_of(node))]
    return loaded[0] if len(loaded) == 1 else None


def _distinct(places: Iterable[Place | None]) -> tuple[Place, ...]:
    return tuple(dict.fromkeys(place for place in places if place))


def _without(places: tuple[Place, ...], taken: tuple[Place, ...]) -> tuple[Place, ...]:
    return tuple(place for place in places if place not in taken)


def _absences(stages: tuple[Stage, ...], texts: _Sides, places: Places) -> Mapping[Role, str]:
    if not stages:
        return dict.fromkeys(Role, "no sampler is above the saved image")
    said: dict[Role, str] = {}
    silenced = next((negative.silenced for _, negative in texts if negative.silenced), "")
    if silenced:
        said[Role.NEGATIVE] = f"node {silenced} silences whatever negative text there is"
    elif any(set(negative.main) & set(positive.main) for positive, negative in texts):
        said[Role.NEGATIVE] = "positive and negative use the same text"
    if places[Role.IMAGE] and not places[Role.WIDTH]:
        said[Role.WIDTH] = said[Role.HEIGHT] = "the size is that of the input image"
    return said
