"""The whole way on the embedded engine: draw prompts with planted biases, judge, find them.

Owns which prompts are drawn. The engine's model was trained on captions that are wrong for
five combinations (darkroom/core/world/biases.py); nothing else here reads that list but the
choice of prompts and the check of what was found.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

from darkroom.adapters.renderer import Graph
from darkroom.adapters.settings import Lab
from darkroom.adapters.wiring import renderer_of
from darkroom.archive.patterns.asking import analyze_failure_patterns
from darkroom.archive.patterns.examining import by_facts
from darkroom.archive.syncing import sync
from darkroom.core.config.aigen import Comfy
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.keys import RunKeys
from darkroom.core.patterns import PROMPT, Pattern
from darkroom.core.workflow.patch import patch
from darkroom.core.workflow.readback import read_back
from darkroom.core.workflow.roles import Role
from darkroom.core.world.biases import BIASES, Bias
from darkroom.core.world.vocabulary import BACKGROUNDS, COLOURS, SHAPES, SIZES
from darkroom.writepath.batch import draw_batch
from darkroom.writepath.desk import Committed, Job
from darkroom.writepath.fleet_opening import reached
from darkroom.writepath.opening import opened_desk

PROJECT = "biases"
_BIASED_SHARE = 0.45


@dataclass(frozen=True)
class Plan:
    """How many images, in how many runs, over which biases."""

    images: int = 400
    runs: int = 8
    seed: int = 1
    biases: tuple[Bias, ...] = BIASES


def prompts(plan: Plan) -> list[str]:
    """One prompt per image; each bias is named by as many."""
    chance = random.Random(plan.seed)
    return [_prompt(chance, plan.biases) for _ in range(plan.images)]


def _prompt(chance: random.Random, biases: tuple[Bias, ...]) -> str:
    bias = chance.choice(biases) if chance.random() < _BIASED_SHARE else None
    size = (bias and bias.size) or chance.choice(sorted(SIZES))
    colour = (bias and bias.colour) or chance.choice(sorted(COLOURS))
    shape = (bias and bias.shape) or chance.choice(sorted(SHAPES))
    ground = (bias and bias.background) or chance.choice(sorted(BACKGROUNDS))
    return f"a {size} {colour} {shape} on a {ground} background"


def draw(lab: Lab, plan: Plan, tell: Callable[[int], None] = lambda _count: None) -> int:
    """Draw and judge every image and take all of it into the warehouse; returns how many."""
    # what a request of `darkroom generate` stands on: the shipped workflow and its values
    from darkroom.generating.preparing import prepare
    from darkroom.generating.request import Request
    from darkroom.generating.sources import sources_of

    with opened_desk(lab) as desk, renderer_of(lab, Comfy(host=EMBEDDED)) as renderer:
        request = Request(prompt="a red circle", host=EMBEDDED, seed=1)
        prepared = prepare(request, sources_of(lab, request), reached({renderer.name: renderer}), 1)
        graph = prepared.graphs[0]
        said = renderer.receipt()
        jobs: list[Job] = []
        for at, prompt in enumerate(prompts(plan)):
            run = at * plan.runs // plan.images
            keys = RunKeys(PROJECT, f"2026-11-21_12-00-{run:02d}")
            seed = plan.seed * 100_000 + at
            own = patch(graph, {Role.PROMPT: prompt, Role.SEED: seed})
            number = at - (run * plan.images + plan.runs - 1) // plan.runs + 1
            read = read_back(own)
            jobs.append(
                Job(
                    keys=keys,
                    iteration=number,
                    graph=cast("Graph", own.as_json()),
                    seed=seed,
                    engine=said.engine,
                    describes={
                        "input": {"prompt": prompt, "negative_prompt": ""},
                        "workflow": {"name": "txt2img_api.json", "model": read.checkpoint},
                        "parameters": {
                            "seed": seed,
                            "steps": read.steps,
                            "cfg": read.cfg,
                            "sampler": read.sampler,
                            "scheduler": read.scheduler,
                        },
                    },
                    asked={"judge": "facts"},
                )
            )
        results = draw_batch(jobs, desk, renderer, by_facts, lambda _n, _r: tell(1))
    sync(lab)
    return sum(isinstance(result, Committed) for result in results)


def named_by(pattern: Pattern, biases: Iterable[Bias]) -> Bias | None:
    """The planted bias a pattern names, if it names one and nothing else."""
    words = {word for item in pattern.items if item.axis == PROMPT for word in item.value.split()}
    if any(item.axis != PROMPT for item in pattern.items):
        return None
    for bias in biases:
        wanted = {one for one in (bias.colour, bias.shape, bias.size, bias.background) if one}
        if words - {"background"} == wanted:
            return bias
    return None


def found_in(lab: Lab) -> tuple[Pattern, ...]:
    """The patterns of a laboratory that drew this."""
    return analyze_failure_patterns(lab=lab).patterns
