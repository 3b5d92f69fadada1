"""Sampler stages: where a graph draws, in the order it draws.

Owns how one stage is recognised and where its parameters are set, be they on the
sampler itself or on the noise, guider, sampler and sigma nodes that feed it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from darkroom.core.workflow.catalogue import (
    CFG_INPUTS,
    LATENT_INPUTS,
    NOT_PICTURE,
    PICTURE_FIRST,
    SAMPLER_INPUTS,
    SCHEDULER_INPUTS,
    SEED_INPUTS,
)
from darkroom.core.workflow.graph import Graph, Node, Place
from darkroom.core.workflow.tracing import first_input, origin_of, passed_input, upstream


@dataclass(frozen=True)
class Stage:
    """One sampler and the inputs that steer it; None where it has no such input."""

    node: str
    class_type: str
    seed: Place | None
    steps: Place | None
    cfg: Place | None
    sampler: Place | None
    scheduler: Place | None
    denoise: Place | None
    guider: str
    """The node that holds model and conditioning: the sampler itself, or its guider."""
    continues: bool
    """Whether it goes on with the schedule of the stage before it (base, then refiner)."""


def is_stage(node: Node) -> bool:
    """Whether a node draws: by its inputs, so that custom samplers count too."""
    if "guider" in node.inputs and "sigmas" in node.inputs:
        return True
    is_steered = node.link("model") or (node.link("positive") and node.link("latent_image"))
    names_sampler = any(name in node.inputs for name in SAMPLER_INPUTS)
    counts_steps = "steps" in node.inputs and any(name in node.inputs for name in SEED_INPUTS)
    return is_steered is not None and (names_sampler or counts_steps)


def picture_inputs(graph: Graph, node: Node) -> Iterable[str]:
    """The linked inputs along which the picture itself flows, the main one first."""
    passed = passed_input(graph, node)
    if passed is not None:
        return [passed]
    if is_stage(node):
        names = [name for name in LATENT_INPUTS if node.link(name)][:1]
        return ["positive", *names] if _draws_over_conditioning(graph, node) else names
    linked = [name for name, _ in node.links if name not in NOT_PICTURE]
    first = [name for name in PICTURE_FIRST if name in linked]
    return [*first, *(name for name in linked if name not in first)]


def _draws_over_conditioning(graph: Graph, node: Node) -> bool:
    """Stable Cascade hands the first stage's picture to the second as conditioning."""
    hit = origin_of(graph, node, "positive")
    return hit is not None and "stage_c" in hit[0].inputs


def find_stages(graph: Graph, output: str) -> tuple[Stage, ...]:
    """The stages the picture passes through, first to last; else all ancestors that draw."""
    way = upstream(graph, output, lambda node: picture_inputs(graph, node))
    nodes = [n for n in way if is_stage(n)] or [n for n in upstream(graph, output) if is_stage(n)]
    return tuple(_stage(graph, node, is_first=index == 0) for index, node in enumerate(nodes))


def _stage(graph: Graph, node: Node, *, is_first: bool) -> Stage:
    sigmas = _sigma_source(graph, node)
    guider = _fed_by(graph, node, "guider")
    return Stage(
        node=node.id,
        class_type=node.class_type,
        seed=_own_or_fed(node, _fed_by(graph, node, "noise"), SEED_INPUTS),
        steps=_own_or_fed(node, sigmas, ("steps",)),
        cfg=_own_or_fed(node, guider, CFG_INPUTS),
        sampler=_sampler(graph, node),
        scheduler=_own_or_fed(node, sigmas, SCHEDULER_INPUTS),
        denoise=_own_or_fed(node, sigmas, ("denoise",)),
        guider=guider.id,
        continues=not is_first and "start_at_step" in node.inputs,
    )


def _own_or_fed(node: Node, feeder: Node, names: Iterable[str]) -> Place | None:
    return first_input(node, names) or first_input(feeder, names)


def _fed_by(graph: Graph, node: Node, name: str) -> Node:
    hit = origin_of(graph, node, name)
    return hit[0] if hit else node


def _sampler(graph: Graph, node: Node) -> Place | None:
    """The name of the sampler: on the stage, or on the node that selects it."""
    if node.link("sampler") is None:
        return first_input(node, SAMPLER_INPUTS)
    chooser = _fed_by(graph, node, "sampler")
    return None if chooser is node else first_input(chooser, SAMPLER_INPUTS)


def _sigma_source(graph: Graph, node: Node) -> Node:
    """The node that makes the schedule, above any node that splits or flips it."""

    def inputs(one: Node) -> Iterable[str]:
        return [passed] if (passed := passed_input(graph, one)) else ["sigmas"]

    return upstream(graph, node.id, inputs)[0]
