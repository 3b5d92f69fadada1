"""Which order a server draws next: as few models loaded anew as can be, and nobody idle.

Owns the choice among lots, which are orders alike in what they need. A server goes on with
the model it has; else it takes one that no other server has; else it helps another out.
Keeps nothing between calls.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Bench:
    """A server, as far as the choice goes."""

    name: str
    loaded: str | None = None
    """The model of the last order it took, as far as one was named."""
    models: tuple[str, ...] | None = None
    """What it may draw, with `*` and `?`; None: everything."""


@dataclass(frozen=True)
class Needs:
    """What orders of one lot ask for."""

    model: str | None = None
    hosts: frozenset[str] | None = None
    """The servers that may draw them; None: any."""
    refused_by: frozenset[str] = frozenset()
    """Servers that cannot draw them, as they said themselves."""
    lost_on: frozenset[str] = frozenset()
    """Servers that lost them, or are to be passed over; tried only where no other can."""


@dataclass(frozen=True)
class Lot:
    """Orders that wait and are alike in what they need."""

    needs: Needs
    first: int
    """The number of the one that waits longest."""
    count: int


def can_draw(bench: Bench, needs: Needs) -> bool:
    """Whether the server may draw such orders at all."""
    if bench.name in needs.refused_by:
        return False
    if needs.hosts is not None and bench.name not in needs.hosts:
        return False
    return needs.model is None or bench.models is None or _names(bench.models, needs.model)


def may_take(bench: Bench, needs: Needs, others: Sequence[Bench]) -> bool:
    """Whether the server may take one now; what it lost goes to another that may come to it."""
    if not can_draw(bench, needs):
        return False
    if bench.name not in needs.lost_on:
        return True
    return not any(can_draw(other, needs) and other.name not in needs.lost_on for other in others)


def choose(
    bench: Bench, lots: Sequence[Lot], others: Sequence[Bench], busy_with: Collection[str]
) -> Lot | None:
    """The lot whose first order the server draws next, or None when there is nothing for it.

    `others` are the servers that orders may wait for; `busy_with` the models they have loaded.
    """
    open_lots = [lot for lot in lots if may_take(bench, lot.needs, others)]
    at_hand = [lot for lot in open_lots if lot.needs.model in {None, bench.loaded}]
    if at_hand:
        return min(at_hand, key=_longest_waiting)
    unclaimed = [lot for lot in open_lots if lot.needs.model not in busy_with]
    if unclaimed:
        return min(unclaimed, key=_largest)
    return min(open_lots, key=_largest, default=None)


def is_stranded(needs: Needs, benches: Sequence[Bench]) -> bool:
    """Whether none of the servers that are left can draw such orders."""
    return not any(can_draw(bench, needs) for bench in benches)


def _longest_waiting(lot: Lot) -> int:
    return lot.first


def _largest(lot: Lot) -> tuple[int, int]:
    return -lot.count, lot.first


def _names(patterns: tuple[str, ...], model: str) -> bool:
    """Servers on Windows write a backslash between folder and file."""
    name = model.replace("\\", "/")
    return any(fnmatchcase(name, pattern.replace("\\", "/")) for pattern in patterns)
