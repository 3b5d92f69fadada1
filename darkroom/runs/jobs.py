"""The job of an iteration: what is sent to a server, and what its sidecar will say.

Owns the way from a decided step to that record: the same step gives the same job on the same
engine, also after a crash. Draws nothing.
"""

from typing import cast

from darkroom.adapters.renderer import Graph as PlainGraph
from darkroom.adapters.stores.verified import read_verified
from darkroom.core.decide import Try
from darkroom.runs.describing import described
from darkroom.runs.graphs import graph_of
from darkroom.runs.run import Run
from darkroom.writepath.desk import Job


def job_of(run: Run, step: Try, engine: str) -> Job:
    """The job of a step, as this engine draws it."""
    inputs = _inputs(run, step)
    graph = graph_of(run, step, next(iter(inputs), None))
    return Job(
        keys=run.keys,
        iteration=step.iteration,
        graph=cast("PlainGraph", graph.as_json()),
        seed=step.settings.seed,
        engine=engine,
        inputs=inputs,
        is_fresh=run.is_fresh,
        describes=described(run, step, graph, inputs),
        asked={
            "questions": [str(asked.field) for asked in run.project.rules.questions],
            "criteria": [str(asked.field) for asked in run.criteria],
        },
    )


def _inputs(run: Run, step: Try) -> dict[str, bytes]:
    if step.base == "best":
        best = run.best
        if best is None or best.image is None:
            return {}
        data = read_verified(run.tools.desk.store, best.image.key, best.image.sha256)
        return {f"best-{best.image.sha256[:16]}.png": data}
    if step.base == "input" and run.original is not None:
        return {run.original.filename: run.original.data}
    return {}
