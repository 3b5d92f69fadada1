"""How a server of the fleet is: a closed machine of five states.

Owns the states, what moves a server from one to the next, the words for it, and the pauses of
one that fails: each longer than the last, until it is given up. Time comes in as an argument.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

_MOST_DOUBLINGS = 60


@dataclass(frozen=True)
class Patience:
    """How long a server that fails is waited for."""

    first_pause_s: float = 5.0
    growth: float = 2.0
    longest_pause_s: float = 120.0
    failures: int = 8
    """So many in a row, without a job that went well, and it is given up ..."""
    wait_s: float = 0.0
    """... but not before this has passed since the first of them."""

    def pause_s(self, failures: int) -> float:
        """How long it is left alone after that many failures in a row."""
        doublings = min(failures - 1, _MOST_DOUBLINGS)  # it may fail for a whole day
        return min(self.first_pause_s * self.growth**doublings, self.longest_pause_s)


@dataclass(frozen=True)
class Healthy:
    """Takes orders."""

    failures: int = 0
    """Since its last job that went well."""
    since_s: float | None = None
    """When the first of these failures was; None without any."""


@dataclass(frozen=True)
class Cooling:
    """Failed just now; left alone for a while, then asked whether it answers."""

    until_s: float
    failures: int
    why: str
    since_s: float | None = None


@dataclass(frozen=True)
class Draining:
    """Finishes what it has and takes nothing more, as a person asked."""


@dataclass(frozen=True)
class Drained:
    """Has nothing of ours and takes nothing, until a person lets it."""


@dataclass(frozen=True)
class Gone:
    """Failed too often; this batch goes on without it."""

    why: str


Health: TypeAlias = Healthy | Cooling | Draining | Drained | Gone


@dataclass(frozen=True)
class Served:
    """A job on it ended as jobs end, well or badly."""


@dataclass(frozen=True)
class Troubled:
    """It did not answer, or a job on it went nowhere."""

    why: str
    now_s: float
    weight: int = 1
    """How many failures this counts for."""


@dataclass(frozen=True)
class Answered:
    """It was asked after its pause, and answers."""


@dataclass(frozen=True)
class DrainAsked:
    """A person wants it to take nothing more."""

    is_busy: bool
    """Whether it still has something of ours."""


@dataclass(frozen=True)
class Resumed:
    """A person lets it take orders again."""


Event: TypeAlias = Served | Troubled | Answered | DrainAsked | Resumed

STALL_WEIGHT = 3
"""A stall costs minutes each time; few of them are enough to give a server up."""


def after(health: Health, event: Event, patience: Patience) -> Health:
    """The state that follows; a server that is gone stays so."""
    if isinstance(health, Gone):
        return health
    match event:
        case Served():
            return Healthy() if isinstance(health, Healthy) else health
        case Troubled():
            return _troubled(health, event, patience)
        case Answered():
            return _well(health) if isinstance(health, Cooling) else health
        case DrainAsked(is_busy):
            return Draining() if is_busy else Drained()
        case _:  # Resumed
            return Healthy() if isinstance(health, Draining | Drained) else health


def _troubled(health: Health, event: Troubled, patience: Patience) -> Health:
    """Jobs that break together are one failure: what is cooling already is left as it is."""
    if isinstance(health, Cooling) and event.now_s < health.until_s:
        return health
    if not isinstance(health, Healthy | Cooling):
        return health
    failures = health.failures + event.weight
    since_s = event.now_s if health.since_s is None else health.since_s
    if failures >= patience.failures and event.now_s - since_s >= patience.wait_s:
        return Gone(event.why)
    return Cooling(event.now_s + patience.pause_s(failures), failures, event.why, since_s)


def _well(health: Cooling) -> Healthy:
    """It answers; whether it can draw is not known before it has."""
    return Healthy(health.failures, health.since_s)


def takes_orders(health: Health) -> bool:
    """Whether it may be given something to draw now."""
    return isinstance(health, Healthy)


def news(
    host: str, before: Health, now: Health, others: Sequence[str], wait_s: float = 0.0
) -> str | None:
    """What a person should hear of the step; `others` are the servers that may take its work."""
    match before, now:
        case Healthy(), Cooling(why=why):
            waits = f"it is waited for{f', {wait_s:g} s at most' if wait_s else ''}"
            goes = f"its work goes to {', '.join(others)}" if others else waits
            return f"{host} failed, {goes}: {why}"
        case Healthy() | Cooling(), Gone(why):
            goes = f"{', '.join(others)} goes on" if others else "no other is left"
            return f"{host} is given up, {goes}: {why}"
        case Cooling(), Healthy():
            return f"{host} answers again and draws on"
        case _:
            return None


def may_come_back(health: Health) -> bool:
    """Whether an order may wait for it; nobody waits for what a person has drained."""
    return isinstance(health, Healthy | Cooling)
