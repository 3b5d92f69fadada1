"""What an experiment tells while it goes on, to whoever listens.

Owns the events and the place where a door says that it listens. Nobody listening is the
normal case when a worker executes it.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeAlias

from darkroom.core.experiments.cells import Cell, Result
from darkroom.experiments.report import Report


@dataclass(frozen=True)
class Opened:
    """The experiment is understood and its servers answer."""

    name: str
    run_id: str | None
    """None where there is nothing to draw."""
    resumed: bool
    cells: int
    images: int
    """Of the whole experiment."""
    there: int
    again: int
    """Images that are there and have to be judged again."""
    is_open: bool = False
    """Whether an optimiser is still choosing: so many cells and images at most, then."""
    away: tuple[str, ...] = ()
    """Servers that were asked for and do not answer, and why."""


@dataclass(frozen=True)
class Came:
    """One image came out, or why it did not."""

    cell: Cell
    result: Result
    fresh: bool


@dataclass(frozen=True)
class Closed:
    """The run has come to its end, and everything of it is saved."""

    report: Report


Event: TypeAlias = Opened | Came | Closed
Listener: TypeAlias = Callable[[Event], None]

_listener: ContextVar[Listener | None] = ContextVar("darkroom_experiment", default=None)


def listener() -> Listener:
    """Whoever listens in this context; threads that are started later must be handed it."""
    return _listener.get() or _unheard


def _unheard(_event: Event) -> None:
    return


@contextmanager
def heard_by(ear: Listener) -> Generator[None]:
    """Have everything told within go to this listener."""
    token = _listener.set(ear)
    try:
        yield
    finally:
        _listener.reset(token)
