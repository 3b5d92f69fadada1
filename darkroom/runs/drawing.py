"""From a decided step to a stored image.

Owns the drawing up to the moment when the image is stored and the questions are to be
asked. The commit comes after the answers, in `committing`, with the very same job.
"""

from contextlib import suppress
from dataclasses import replace

from darkroom.adapters.comfyui import ComfyClient
from darkroom.core.decide import Try
from darkroom.core.errors import ComfyError, JobFailed
from darkroom.core.jobs import Done, Progress
from darkroom.runs.copying import copied
from darkroom.runs.fleet_drawing import drawn_by, noting
from darkroom.runs.jobs import job_of
from darkroom.runs.run import Drawer, Image, Run
from darkroom.runs.telling import Drawing, Drew, tell
from darkroom.writepath.batch import Broke, draw_batch
from darkroom.writepath.desk import Committed, Ended, Stored, Waiting
from darkroom.writepath.draw import draw
from darkroom.writepath.fleet_terms import Slot, free


class _Kept(Exception):
    """Raised by the answer hook: the image is stored, its questions come later."""

    def __init__(self, stored: Stored) -> None:
        super().__init__("stored")
        self.stored = stored


def draw_image(run: Run, step: Try, slot: Slot = free) -> Image:
    """Draw the iteration's image, or find it drawn already; raises ComfyError without one.

    `slot` is held while a server works.
    """
    fresh = run.tools.desk.store.head(run.keys.image(step.iteration)) is None
    several = run.tools.several
    if several is None:
        image = _drawn_alone(run, step, slot, fresh)
    else:
        image = _image(run, step, drawn_by(run, step, several, slot, _tell), fresh)
    tell(Drew(step.iteration, image.key, image.fresh))
    return image


def _drawn_alone(run: Run, step: Try, slot: Slot, fresh: bool) -> Image:
    """By the run's one server, which is waited for when it does not answer."""
    tools, drawer = run.tools, run.tools.drawer
    terms = replace(tools.terms, said=noting(run))
    job = job_of(run, step, drawer.engine)
    (result,) = draw_batch(
        [job], tools.desk, drawer.renderer, on_progress=_tell, slot=slot, terms=terms
    )
    match result:
        case Broke(_, error):
            raise error
        case Waiting():  # stored, and its questions are asked next
            return _image(run, step, drawer, fresh)
        case _:
            return replace(_settled(run, step, result), drawn_by=drawer)


def _image(run: Run, step: Try, drawer: Drawer, fresh: bool) -> Image:
    try:
        job = job_of(run, step, drawer.engine)
        done = draw(job, run.tools.desk, drawer.renderer, _keep, _tell)
    except _Kept as kept:
        return _stored(step, kept.stored, drawer, fresh)
    return replace(_settled(run, step, done), drawn_by=drawer)


def _keep(stored: Stored) -> dict[str, object]:
    raise _Kept(stored)


def _tell(progress: Progress) -> None:
    tell(Drawing(progress))


def _stored(step: Try, stored: Stored, drawer: Drawer, fresh: bool) -> Image:
    intent, picture = stored.intent, stored.picture
    seconds = None
    with suppress(ComfyError):  # a figure worth having, not worth failing for
        state = drawer.renderer.state(intent.prompt_id)
        seconds = state.seconds if isinstance(state, Done) else None
    key, sha256 = intent.image_key, picture.sha256
    return Image(step.iteration, key, sha256, fresh, seconds, drawn_by=drawer)


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
