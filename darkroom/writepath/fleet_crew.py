"""The threads of a batch from their start to their end, Ctrl-C and our own mistakes included.

Owns when they start, how long they are waited for, and what is raised in the caller's
thread. What they do is `fleet_post`'s.
"""

import math
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass

from darkroom.adapters.renderer import Renderer
from darkroom.core.errors import Interrupted
from darkroom.writepath.desk import Answer, Desk
from darkroom.writepath.drive import Errand, OnProgress
from darkroom.writepath.fleet_board import Board
from darkroom.writepath.fleet_post import Post, Rooms
from darkroom.writepath.fleet_terms import BatchResult, HostTerms, Slot
from darkroom.writepath.flight import Flight
from darkroom.writepath.quarantine import Quarantine

_WAIT_S = 0.2
_LANDING_S = 8.0
"""So long an interrupted batch waits for its jobs to come back from the servers."""


@dataclass(frozen=True)
class Errands:
    """What all servers of a batch work with."""

    desk: Desk
    answer: Answer | None = None
    on_progress: OnProgress | None = None


class Crew:
    """The servers of one batch."""

    def __init__(
        self, hosts: Mapping[str, Renderer], errands: Errands, board: Board, slot: Slot
    ) -> None:
        self._board = board
        self._fault: BaseException | None = None
        rooms = Rooms(board, Quarantine(errands.desk), slot, self._stop_for)
        self._flights: list[Flight] = []
        self._posts = [self._post(name, hosts[name], errands, rooms) for name in hosts]

    def _post(self, name: str, renderer: Renderer, errands: Errands, rooms: Rooms) -> Post:
        places = self._board.terms.hosts.get(name, HostTerms()).places
        flight = Flight(renderer, places)
        self._flights.append(flight)
        errand = Errand(errands.desk, flight, errands.answer, errands.on_progress)
        return Post(name, errand, places, rooms)

    def work(self) -> tuple[BatchResult, ...]:
        """Draw everything; results in the order of the orders."""
        try:
            for post in self._posts:
                context = copy_context()
                threading.Thread(target=context.run, args=(post.run,), daemon=True).start()
            _wait_for(self._posts)
        except KeyboardInterrupt:
            with suppress(KeyboardInterrupt):  # pressed again: whoever is still out stays open
                self._stop()
                _wait_for(self._posts, _LANDING_S)
            raise Interrupted("interrupted", "stopped before the end") from None
        if self._fault is not None:
            raise self._fault
        self._board.withhold()
        return tuple(self._board.results[number] for number in sorted(self._board.results))

    def _stop_for(self, fault: BaseException) -> None:
        self._fault = self._fault or fault
        self._stop()

    def _stop(self) -> None:
        self._board.stop()
        for flight in self._flights:
            flight.stop()


def _wait_for(posts: Iterable[Post], within_s: float = math.inf) -> None:
    """Not by joining: before Python 3.13 a Ctrl-C inside `join` counts the thread as ended."""
    ends_at = time.monotonic() + within_s
    for post in posts:
        while not post.is_out and time.monotonic() < ends_at:
            post.end.wait(_WAIT_S)  # in slices, so that Ctrl-C is heard
