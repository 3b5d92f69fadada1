"""The orders of a batch: which wait, who has which, what came of them, how the servers are.

Owns that state for all threads of a batch, under one lock. What is decided with it is
`darkroom.core.fleet`'s; drawing is `fleet_post`'s.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace

from darkroom.core.errors import ComfyUnreachable, DarkroomError, JobFailed, ServerAway
from darkroom.core.fleet.budget import Used, spent_up
from darkroom.core.fleet.choosing import Bench, Lot, Needs, can_draw, choose, is_stranded
from darkroom.core.fleet.health import (
    DrainAsked,
    Event,
    Gone,
    Health,
    Healthy,
    Patience,
    Resumed,
    Troubled,
    after,
    may_come_back,
    news,
    takes_orders,
)
from darkroom.writepath.fleet_terms import BatchResult, Broke, HostTerms, OnResult, Terms, Ticket

_WAIT_S = 0.2
Stop = Callable[[], bool]


class Board:
    """What all threads of a batch share."""

    def __init__(
        self,
        tickets: Iterable[Ticket],
        terms: Terms,
        names: Iterable[str],
        stop: Stop,
        on_result: OnResult | None,
    ) -> None:
        self.terms = terms
        self.results: dict[int, BatchResult] = {}
        self._fresh = iter(tickets)
        self._is_drawn_up = False
        self._stop, self._on_result = stop, on_result
        self._benches = {name: Bench(name, None, self._of(name).models) for name in names}
        self._healths: dict[str, Health] = {name: Healthy() for name in self._benches}
        self._errors: dict[str, DarkroomError] = {}
        self._flying = dict.fromkeys(self._benches, 0)
        self._lots: dict[Needs, deque[Ticket]] = {}
        self._left_to_others: set[str] = set()
        """Jobs that a server may still have, of orders this batch gives up: no more its own."""
        self._used = Used()
        self._is_stopped = False
        self._changed = threading.Condition()
        self._telling = threading.Lock()
        self._is_alone = len(self._benches) == 1

    def _of(self, name: str) -> HostTerms:
        return self.terms.hosts.get(name, HostTerms())

    def _patience(self, name: str) -> Patience:
        usual, wait_s = self.terms.patience, self._of(name).wait_s
        return usual if wait_s is None else replace(usual, wait_s=wait_s)

    def draw_up(self) -> None:
        """See all orders at once, to choose among them; else they are made as they are wanted."""
        with self._changed:
            self._draw_up()

    # -- what servers ask

    def take(self, host: str, is_turn_over: Stop) -> Ticket | None:
        """The next order for this server; None when there is nothing for it any more.

        While it still draws something it waits: what it draws may come back.
        """
        while True:
            with self._changed:
                self._look_up(host)
                if ticket := None if is_turn_over() else self._next(host):
                    return ticket
                is_idle = not self._flying[host] or not takes_orders(self._healths[host])
                if is_idle or self._is_stopped:
                    return None
                self._changed.wait(_WAIT_S)

    def awaits(self, host: str) -> bool:
        """Whether there is something for this server to draw now."""
        with self._changed:
            self._look_up(host)
            return self._chosen(host) is not None

    def is_finished(self) -> bool:
        """Whether nothing is drawn any more and nothing more can be."""
        with self._changed:
            if any(self._flying.values()):
                return False
            for host in self._benches:
                self._look_up(host)
            if self._is_over():
                return True
            if self._is_hopeful():
                return False
            stranded = self._given_up()
        for ticket in sorted(stranded, key=lambda each: each.number):
            self._tell(ticket.number, Broke("", self._why_stranded(ticket.needs)))
        return True

    def health(self, host: str) -> Health:
        """How the server is."""
        with self._changed:
            return self._healths[host]

    def wait(self, at_most_s: float = _WAIT_S) -> None:
        """Until something has changed, or a moment has passed."""
        with self._changed:
            self._changed.wait(min(at_most_s, _WAIT_S))

    def others_can(self, host: str, needs: Needs) -> bool:
        """Whether another server that may come to it can draw such an order."""
        with self._changed:
            return any(can_draw(bench, needs) for bench in self._hopeful() if bench.name != host)

    # -- what servers tell

    def settle(self, host: str, ticket: Ticket, result: BatchResult) -> None:
        """The order has come to its end."""
        self._tell(ticket.number, result)
        with self._changed:
            self._land(host)

    def put_back(self, host: str, ticket: Ticket) -> None:
        """The order is to be drawn again, here or elsewhere."""
        with self._changed:
            self._lots.setdefault(ticket.needs, deque()).appendleft(ticket)
            self._land(host)

    def take_back(self, host: str) -> set[str]:
        """Keep for a server that is back what nobody took meanwhile; the ids of those jobs.

        With them those of orders that were given up: whoever draws them next collects them.
        """
        with self._changed:
            others = frozenset(self._benches) - {host}
            back = [t for lot in self._lots.values() for t in lot if _was_left_at(host, t)]
            for ticket in back:
                self._remove(ticket)
                kept = replace(ticket, needs=replace(ticket.needs, lost_on=others))
                self._lots.setdefault(kept.needs, deque()).appendleft(kept)
            return self._left_to_others.union(*map(_left_behind, back))

    def note(self, host: str, event: Event, error: DarkroomError | None = None) -> None:
        """Something was seen of the server."""
        with self._changed:
            before = self._healths[host]
            patience = self._patience(host)
            now = self._healths[host] = after(before, event, patience)
            if error is not None:
                self._errors[host] = error
            others = [bench.name for bench in self._hopeful() if bench.name != host]
            self._changed.notify_all()
        text = news(host, before, now, others, patience.wait_s)
        if text and not (self._is_alone and isinstance(now, Gone)):  # that ends as an error
            with self._telling:
                self.terms.said(text)

    def trouble(self, host: str, error: DarkroomError, weight: int = 1) -> None:
        """The server failed."""
        self.note(host, Troubled(error.message, time.monotonic(), weight), error)

    def took(self, seconds: float) -> None:
        """A server drew something for so long."""
        with self._changed:
            used = self._used
            drawn, spent = used.images + 1, used.gpu_seconds + seconds
            self._used = replace(used, images=drawn, gpu_seconds=spent)

    def stop(self) -> None:
        """Begin nothing more."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def withhold(self) -> None:
        """Give every order that was not begun its result."""
        with self._changed:
            reason = self._reason() or "stopped before its turn"
            self._draw_up()
            for ticket in self._given_up():
                self.results[ticket.number] = Broke("", JobFailed("order-withheld", reason))

    # -- inside, with the lock held

    def _next(self, host: str) -> Ticket | None:
        needs = self._chosen(host)
        if needs is None:
            return None
        ticket = self._lots[needs][0]
        self._remove(ticket)
        if needs.model is not None:
            self._benches[host] = replace(self._benches[host], loaded=needs.model)
        self._flying[host] += 1
        self._used = replace(self._used, under_way=sum(self._flying.values()))
        return ticket

    def _remove(self, ticket: Ticket) -> None:
        lot = self._lots[ticket.needs]
        lot.remove(ticket)
        if not lot:
            del self._lots[ticket.needs]

    def _chosen(self, host: str) -> Needs | None:
        if not takes_orders(self._healths[host]) or self._is_over():
            return None
        self._replenish()
        lots = [Lot(needs, lot[0].number, len(lot)) for needs, lot in self._lots.items()]
        others = [bench for bench in self._hopeful() if bench.name != host]
        busy_with = {bench.loaded for bench in others if bench.loaded is not None}
        found = choose(self._benches[host], lots, others, busy_with)
        return found.needs if found else None

    def _replenish(self) -> None:
        """See at least one order, so that callers may make them as they go."""
        if not self._lots and not self._is_drawn_up:
            ticket = next(self._fresh, None)
            if ticket is None:
                self._is_drawn_up = True
            else:
                self._lots[ticket.needs] = deque([ticket])

    def _given_up(self) -> list[Ticket]:
        """Every order that waits; what a server still has of them is for who draws them next."""
        waiting = [ticket for lot in self._lots.values() for ticket in lot]
        self._lots.clear()
        self._left_to_others.update(*map(_left_behind, waiting))
        return waiting

    def _draw_up(self) -> None:
        for ticket in self._fresh:
            self._lots.setdefault(ticket.needs, deque()).append(ticket)
        self._is_drawn_up = True

    def _hopeful(self) -> list[Bench]:
        return [b for name, b in self._benches.items() if may_come_back(self._healths[name])]

    def _is_over(self) -> bool:
        if not self._is_stopped and self._stop():
            self._is_stopped = True
        return self._reason() is not None

    def _reason(self) -> str | None:
        if self._is_stopped:
            return "stopped before its turn"
        return spent_up(self.terms.budget, self._used)

    def _land(self, host: str) -> None:
        self._flying[host] -= 1
        self._used = replace(self._used, under_way=sum(self._flying.values()))
        self._look_up(host)
        self._changed.notify_all()

    def _look_up(self, host: str) -> None:
        """Hear whether a person wants the server drained."""
        is_wanted = self.terms.is_drained(host)
        event = DrainAsked(self._flying[host] > 0) if is_wanted else Resumed()
        self._healths[host] = after(self._healths[host], event, self._patience(host))

    def _is_hopeful(self) -> bool:
        """Whether a server that is there, or may come back, can draw something that waits."""
        servers = self._hopeful()
        self._replenish()
        if all(is_stranded(needs, servers) for needs in self._lots):
            self._draw_up()
        return not all(is_stranded(needs, servers) for needs in self._lots)

    def _why_stranded(self, needs: Needs) -> DarkroomError:
        gone = [name for name, health in self._healths.items() if isinstance(health, Gone)]
        if self._is_alone and gone and (error := self._errors.get(gone[0])):
            return waited_in_vain(gone[0], self._patience(gone[0]).wait_s, error)
        reasons = [f"{name}: {_why(health)}" for name, health in self._healths.items()]
        what = f"{needs.model} " if needs.model else "this "
        message = f"no server is left that may draw {what}({'; '.join(reasons)})"
        if gone:
            return ServerAway("order-stranded", message)
        return ComfyUnreachable("order-stranded", message)

    def _tell(self, number: int, result: BatchResult) -> None:
        with self._telling:
            self.results[number] = result
            if self._on_result is not None:
                self._on_result(number, result)


def _was_left_at(host: str, ticket: Ticket) -> bool:
    """Whether the server may still have the job, and no other was given it since."""
    return ticket.left_behind is not None and ticket.left_behind[0].host == host


def _left_behind(ticket: Ticket) -> set[str]:
    return {ticket.left_behind[0].prompt_id} if ticket.left_behind else set()


def waited_in_vain(host: str, wait_s: float, error: DarkroomError) -> DarkroomError:
    """Why there is no server: it was waited for, and for how long."""
    if not wait_s:
        return error
    message = f"{host} was waited for {wait_s:g} s and does not answer: {error.message}"
    return ServerAway("server-away", message, where=error.where)


def _why(health: Health) -> str:
    if isinstance(health, Gone):
        return f"given up, {health.why}"
    return "may not" if isinstance(health, Healthy) else type(health).__name__.lower()
