"""On which terms a fleet works, and the records that go through its hands.

Owns the terms of a batch (what each server may draw, how patient it is, what may be spent)
and the results as callers get them. Does nothing.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TypeAlias

from darkroom.core.errors import DarkroomError
from darkroom.core.fleet.budget import Budget
from darkroom.core.fleet.choosing import Needs
from darkroom.core.fleet.fates import MOST_LOSSES, Loss, Tries
from darkroom.core.fleet.health import Patience
from darkroom.writepath.desk import Drawn, Job
from darkroom.writepath.flight import IN_SERVER, Flight
from darkroom.writepath.intents import Intent


@dataclass(frozen=True)
class Broke:
    """The job could not be brought to an end now; its promise, if any, stays open."""

    job_key: str
    """Empty where no server took the order."""
    error: DarkroomError


BatchResult: TypeAlias = Drawn | Broke
OnResult: TypeAlias = Callable[[int, BatchResult], None]
Slot: TypeAlias = Callable[[str], AbstractContextManager[None]]
"""Host name -> held while that host works."""


def free(_host: str) -> AbstractContextManager[None]:
    """A slot that nobody else wants."""
    return nullcontext()


@dataclass(frozen=True)
class HostTerms:
    """What one server may do."""

    models: tuple[str, ...] | None = None
    """What it may draw, with `*` and `?`; None: everything."""
    places: int = IN_SERVER
    """How many of our jobs may be in its queue."""
    wait_s: float | None = None
    """How long it is waited for when it does not answer; None: as patient as the batch."""


def unheard(_text: str) -> None:
    """Nobody listens."""


def _nobody(_host: str) -> bool:
    return False


@dataclass(frozen=True)
class Terms:
    """On which terms a batch is drawn."""

    hosts: Mapping[str, HostTerms] = field(default_factory=dict[str, HostTerms])
    """By name; a server that is not named has the usual ones."""
    is_drained: Callable[[str], bool] = _nobody
    """Whether a person wants this server to take nothing; asked before each order."""
    patience: Patience = field(default_factory=Patience)
    budget: Budget = field(default_factory=Budget)
    losses: int = MOST_LOSSES
    """Lost so often while it ran, a job is set aside."""
    stalls_move: bool = True
    """Whether a job that goes nowhere is tried on another server."""
    retries: bool = True
    """Whether memory is freed and the job tried again, and a refused graph sent elsewhere."""
    quarantines: bool = True
    """Whether a job lost too often is set aside for everybody, until a person releases it."""
    said: Callable[[str], None] = unheard
    """Told in a line when one of several servers fails, is given up, or comes back."""
    turn_s: float | None = None
    """So long a server is held before others that wait for its slot get a chance."""


@dataclass(frozen=True)
class Ticket:
    """An order on its way through the fleet."""

    number: int
    build: Callable[[Flight], Job]
    needs: Needs = field(default_factory=Needs)
    tries: Tries = field(default_factory=Tries)
    left_behind: tuple[Intent, Loss] | None = None
    """What a server that is away may still have of it."""
