"""From a decided step to a stored image.

Owns the job of an iteration and the drawing up to the moment when the image is stored
and the questions are to be asked. The commit comes after the answers, in `committing`,
with the very same job.
"""

from contextlib import suppress
from typing import cast

from darkroom.adapters.comfyui import ComfyClient
from darkroom.adapters.renderer import Graph as PlainGraph
from darkroom.adapters.stores.verified import read_verified
from darkroom.core.decide import Try
from darkroom.core.errors import ComfyError, JobFailed
from darkroom.core.jobs import Done, Progress
from darkroom.runs.copying import copied
from darkroom.runs.describing import described
from darkroom.runs.graphs import graph_of
from darkroom.runs.run import Image, Run
from darkroom.runs.telling import Drawing, Drew, tell
from darkroom.writepath.desk import Committed, Ended, Job, Stored, Waiting
from darkroom.writepath.draw import draw


class _Kept(Exception):
    """Raised by the answer hook: the image is stored, its questions come later."""

    def __init__(self, stored: Stored) -> None:
        super().__init__("stored")
        self.stored = stored


def draw_image(run: Run, step: Try) -> Image:
    """Draw the iteration's image, or find it drawn already; raises ComfyError without one."""
    job = job_of(run, step)
    fresh = run.tools.desk.store.head(job.image_key) is None
    try:
        done = draw(job, run.tools.desk, run.tools.renderer, _keep, _tell)
    except _Kept as kept:
        image = _stored(run, step, kept.stored, fresh)
    else:
        image = _settled(run, step, done)
    tell(Drew(step.iteration, image.key, image.fresh))
    return image


def _keep(stored: Stored) -> dict[str, object]:
    raise _Kept(stored)


def _tell(progress: Progress) -> None:
    tell(Drawing(progress))


def _stored(run: Run, step: Try, stored: Stored, fresh: bool) -> Image:
    intent, picture = stored.intent, stored.picture
    seconds = None
    with suppress(ComfyError):  # a figure worth having, not worth failing for
        state = run.tools.renderer.state(intent.prompt_id)
        seconds = state.seconds if isinstance(state, Done) else None
    return Image(step.iteration, intent.image_key, picture.sha256, fresh, seconds)


def _settled(run: Run, step: Try, done: Committed | Ended | Waiting) -> Image:
    match done:
        case Committed(_, key, sha256):
            return copied(run, Image(step.iteration, key, sha256, fresh=False))
        case Ended(_, _, cause, message):
            if cause == "out_of_memory":
                _free(run)
            raise JobFailed("iteration-undrawn", f"{cause}: {message}")
        case Waiting(_, _, reason):
            raise JobFailed("iteration-undrawn", reason)


def _free(run: Run) -> None:
    """Have the server let go of its models: the next image may then find room."""
    renderer = run.tools.renderer
    if isinstance(renderer, ComfyClient):
        with suppress(ComfyError):
            renderer.free()


def job_of(run: Run, step: Try) -> Job:
    """The job of a step: the same step gives the same job, also after a crash."""
    inputs = _inputs(run, step)
    graph = graph_of(run, step, next(iter(inputs), None))
    return Job(
        keys=run.keys,
        iteration=step.iteration,
        graph=cast("PlainGraph", graph.as_json()),
        seed=step.settings.seed,
        engine=run.tools.engine,
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
