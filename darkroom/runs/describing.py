"""What the sidecar of an iteration says of the drawing, known before it is drawn.

Owns the translation of a step and its graph into the sidecar's own blocks. How the
image was judged is added at the commit.
"""

from hashlib import sha256
from typing import cast

from darkroom.core.decide import Try
from darkroom.core.workflow.graph import Graph
from darkroom.core.workflow.readback import Parameters, Unparsed, read_back
from darkroom.runs.records import judged_score
from darkroom.runs.run import Run
from darkroom.writepath.intents import Bag


def described(run: Run, step: Try, graph: Graph, inputs: dict[str, bytes]) -> Bag:
    """The parts of the sidecar that are known before drawing."""
    read = read_back(graph)
    best = run.best if step.base == "best" else None
    parent = best.image.key if best and best.image else None
    document: dict[str, object] = {
        "input": {
            "prompt": step.prompts.positive,
            "negative_prompt": step.prompts.negative,
            "preset": run.project.aigen.preset,
        },
        "workflow": {
            "name": run.project.workflow.path.name,
            "model": read.checkpoint,
            "vae": read.vae,
            "unparsed": [_kept(item) for item in read.unparsed],
        },
        "parameters": _parameters(read),
        "parents": [
            {"sha256": sha256(data).hexdigest(), "key": parent} for data in inputs.values()
        ],
        "refinement": refinement_of(run, step),
        "is_test": run.is_test,
    }
    return cast("Bag", document)


def refinement_of(run: Run, step: Try) -> dict[str, object]:
    """Which attempt of the run this is."""
    percents = [judged_score(item.tried.evaluation) for item in run.counted]
    scores = [None if percent is None else percent / 10 for percent in percents]
    return {
        "attempt": step.iteration,
        "max_attempts": max(run.plan.budget, step.iteration),
        "strategy": run.plan.strategy,
        "previous_scores": scores[-100:],
    }


def _parameters(read: Parameters) -> dict[str, object]:
    sized = read.width is not None and read.height is not None
    loras = [
        {"name": use.name, "strength": use.strength, "strength_clip": use.strength_clip}
        for use in read.loras
    ]
    return {
        "seed": read.seed,
        "steps": read.steps,
        "cfg": read.cfg,
        "guidance": read.guidance,
        "sampler": read.sampler,
        "scheduler": read.scheduler,
        "denoise": read.denoise,
        "resolution": [read.width, read.height] if sized else None,
        "loras": loras,
    }


def _kept(node: Unparsed) -> dict[str, object]:
    return {
        "node": node.node,
        "class_type": node.class_type,
        "inputs": dict(node.inputs),
        "reason": node.reason,
    }
