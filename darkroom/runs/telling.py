"""What a run tells while it goes on, to whoever listens.

Owns the events and the place where a door says that it listens. Telling never
fails a run: nobody listening is the normal case when a worker executes it.
"""

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeAlias

from darkroom.core.decide import Try
from darkroom.core.evaluation import Evaluation
from darkroom.core.jobs import Progress
from darkroom.runs.records import judged_score
from darkroom.runs.report import RunReport


@dataclass(frozen=True)
class Opened:
    """The run is ready to draw."""

    project: str
    run_id: str
    resumed: bool
    done: int
    """Iterations it has already."""
    budget: int
    strategy: str
    host: str


@dataclass(frozen=True)
class Began:
    """An iteration begins with these settings and words, for this reason."""

    step: Try


@dataclass(frozen=True)
class Drawing:
    """A hint how far the drawing is."""

    progress: Progress


@dataclass(frozen=True)
class Drew:
    """The image is stored; `fresh` is false when it was there already."""

    iteration: int
    image_key: str
    fresh: bool


@dataclass(frozen=True)
class Judged:
    """The image was judged."""

    iteration: int
    evaluation: Evaluation
    similarity: float | None


@dataclass(frozen=True)
class Failed:
    """The iteration gave no image."""

    iteration: int
    reason: str


@dataclass(frozen=True)
class Said:
    """Something a person should know and the run goes on."""

    text: str


@dataclass(frozen=True)
class Closed:
    """The run has come to its end, and everything of it is saved."""

    report: RunReport


Event: TypeAlias = Opened | Began | Drawing | Drew | Judged | Failed | Said | Closed
Listener: TypeAlias = Callable[[Event], None]

LOGGER = "darkroom.runs"
_log = logging.getLogger(LOGGER)
_listener: ContextVar[Listener | None] = ContextVar("darkroom_listener", default=None)


def tell(event: Event) -> None:
    """Pass the event to the log and to whoever listens in this context."""
    if line := line_of(event):
        _log.info("%s", line)
    listener = _listener.get()
    if listener is not None:
        listener(event)


@contextmanager
def heard_by(listener: Listener) -> Generator[None]:
    """Have everything told within go to this listener."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def also_heard_by(listener: Listener) -> Generator[None]:
    """Have it go to this listener first, and then to whoever listens already."""
    before = _listener.get()

    def both(event: Event) -> None:
        listener(event)
        if before is not None:
            before(event)

    with heard_by(both):
        yield


def line_of(event: Event) -> str | None:
    """The event as one line for a log or a plain screen; None for hints not worth a line."""
    match event:
        case Opened(project, run_id, resumed, done, budget, strategy, host):
            how = f"goes on after iteration {done}" if resumed else "begins"
            return f"{project}: run {run_id} {how} (at most {budget}, {strategy}) on {host}"
        case Began(step):
            return f"iteration {step.iteration}: {step.why}; {_settings(step)}"
        case Drew(iteration, key, fresh):
            return f"iteration {iteration}: {'drew' if fresh else 'found drawn'} {key}"
        case Judged(iteration, evaluation, _):
            return f"iteration {iteration}: {_verdict(evaluation)}"
        case Failed(iteration, reason):
            return f"iteration {iteration}: no image: {reason}"
        case Said() | Drawing() | Closed():
            return event.text if isinstance(event, Said) else None


def _verdict(evaluation: Evaluation) -> str:
    if judged_score(evaluation) is None:
        return "nobody could judge it"
    rest = f", failed: {', '.join(evaluation.failed)}" if evaluation.failed else ""
    return f"score {evaluation.score:.0f} of 100{rest}"


def _settings(step: Try) -> str:
    told = step.settings
    return (
        f"denoise {told.denoise:g}, cfg {told.cfg:g}, steps {told.steps}, seed {told.seed}, "
        f"from {step.base}"
    )
