"""Draw many images on several servers: work goes where it fits, and moves when a server dies.

Owns the door of a fleet: what is ordered and what comes back. On which terms is
`fleet_terms`'s, the orders are `fleet_board`'s, one server's threads `fleet_post`'s.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from darkroom.adapters.renderer import Renderer
from darkroom.core.errors import UsageError
from darkroom.core.fleet.choosing import Needs
from darkroom.core.jobs import EngineReceipt
from darkroom.writepath.desk import Answer, Desk, Job
from darkroom.writepath.drive import OnProgress
from darkroom.writepath.fleet_board import Board
from darkroom.writepath.fleet_crew import Crew, Errands
from darkroom.writepath.fleet_terms import (
    BatchResult,
    Broke,
    HostTerms,
    OnResult,
    Slot,
    Terms,
    Ticket,
    free,
)

__all__ = ["BatchResult", "Broke", "HostTerms", "OnResult", "Order", "Slot", "Terms", "draw_fleet"]


@dataclass(frozen=True)
class Order:
    """One image wanted, before it is known which server draws it."""

    model: str | None
    """What the server has to load for it; None where it does not matter."""
    job: Callable[[EngineReceipt], Job]
    """Built when a server takes it."""
    hosts: frozenset[str] | None = None
    """Which servers may draw it; None: any."""
    prefers: str | None = None
    """The server that has it, or what it needs; others take it only where this one is lost."""


def _never() -> bool:
    return False


def draw_fleet(  # noqa: PLR0913 - the one door of a fleet; all but three have defaults
    orders: Sequence[Order],
    desk: Desk,
    hosts: Mapping[str, Renderer],
    *,
    answer: Answer | None = None,
    on_result: OnResult | None = None,
    on_progress: OnProgress | None = None,
    slot: Slot = free,
    stop: Callable[[], bool] = _never,
    terms: Terms | None = None,
) -> tuple[BatchResult, ...]:
    """Draw every order; results in the order of the orders, each told as it arrives.

    `stop` is asked before each order. One that was not begun (stopped, out of budget) comes
    back as `Broke` with the code `order-withheld` and is not told to `on_result`.
    """
    if not hosts:
        raise UsageError("fleet-empty", "there is no server to draw on")
    tickets = [_ticket(number, order, hosts) for number, order in enumerate(orders)]
    chosen = terms or Terms()
    board = Board(tickets, chosen, hosts, stop, on_result)
    board.draw_up()
    return Crew(hosts, Errands(desk, answer, on_progress), board, slot).work()


def _ticket(number: int, order: Order, hosts: Collection[str]) -> Ticket:
    # passed over by the others as if each had lost it once
    others = frozenset(hosts) - {order.prefers} if order.prefers in hosts else frozenset[str]()
    needs = Needs(order.model, order.hosts, lost_on=others)
    return Ticket(number, lambda flight: order.job(flight.receipt()), needs)
