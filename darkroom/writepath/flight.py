"""What is on a server right now: how many of ours, and how to call them back.

Owns the places in the server's queue (two of ours at most) and the way a stop reaches
jobs that other threads are waiting for. Decides nothing about any job.
"""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import NoReturn

from darkroom.adapters.renderer import Graph, Renderer
from darkroom.core.errors import ComfyError, ComfyUnreachable, Interrupted
from darkroom.core.jobs import EngineReceipt, FinalState, JobState, OutputFile, Progress

IN_SERVER = 2
_LOOK_AGAIN_S = 0.2


@dataclass
class _Seat:
    """Where a job of ours stands in the server's queue, as far as we can tell."""

    ahead: set[str] = field(default_factory=set[str])
    """Jobs of ours that were sent before it and have not ended."""
    is_accepted: bool = False
    ran: bool | None = None
    """Whether it can have been running when it was lost; None before that."""


class Flight:
    """The jobs of this process that one server has."""

    def __init__(self, renderer: Renderer, places: int = IN_SERVER) -> None:
        self.renderer = renderer
        self._places = threading.Semaphore(places)
        self._aboard: set[str] = set()
        self._seats: dict[str, _Seat] = {}
        self._receipt: EngineReceipt | None = None
        self._asking = threading.Lock()
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def receipt(self) -> EngineReceipt:
        """What the server says it is; asked once."""
        with self._asking:  # not the lock of all: a stop must not wait for a silent server
            if self._receipt is None:
                self._receipt = self.renderer.receipt()
            return self._receipt

    def forget_receipt(self) -> None:
        """Ask again next time: what was away may come back as another version."""
        with self._asking:
            self._receipt = None

    @property
    def stopped(self) -> bool:
        """Whether everything is to come back."""
        return self._stopped.is_set()

    @contextmanager
    def place(self) -> Generator[None]:
        """Wait for a place in the server's queue and hold it."""
        self._wait_for_place()
        try:
            self.go_on()
            yield
        finally:
            self._places.release()

    @contextmanager
    def berth(self) -> Generator["Berth"]:
        """Wait for a place before it is known which job takes it."""
        self._wait_for_place()
        berth = Berth(self, self._places)
        try:
            yield berth
        finally:
            berth.leave()

    def _wait_for_place(self) -> None:
        while not self._places.acquire(timeout=_LOOK_AGAIN_S):
            self.go_on()

    @contextmanager
    def aboard(self, prompt_id: str) -> Generator[None]:
        """Have the job called back if a stop comes while it is on the server."""
        with self._lock:
            self.go_on()
            self._seats[prompt_id] = _Seat(set(self._aboard))
            self._aboard.add(prompt_id)
        try:
            yield
        finally:
            with self._lock:
                self._aboard.discard(prompt_id)

    def accepted(self, prompt_id: str) -> None:
        """The server has the job, or may have it."""
        with self._lock:
            if seat := self._seats.get(prompt_id):
                seat.is_accepted = True

    def settled(self, prompt_id: str) -> None:
        """The server brought the job to an end: those behind it move up."""
        with self._lock:
            self._seats.pop(prompt_id, None)
            for seat in self._seats.values():
                seat.ahead.discard(prompt_id)

    def lost(self, prompt_id: str) -> bool:
        """Say whether the job can have been running when it was lost; asked again, the same."""
        with self._lock:
            seat = self._seats.setdefault(prompt_id, _Seat(is_accepted=True))
            if seat.ran is None:
                seat.ran = seat.is_accepted and not seat.ahead
            return seat.ran

    def go_on(self) -> None:
        """Return unless a stop was asked for."""
        if self.stopped:
            raise Interrupted("interrupted", "stopped before the end")

    def stop(self) -> None:
        """Begin nothing more and call back what is on the server."""
        self._stopped.set()
        with self._lock:
            waiting = tuple(self._aboard)
        for prompt_id in waiting:
            with suppress(ComfyError):
                self.renderer.cancel(prompt_id)


class Berth:
    """A place in the server's queue, kept for the first job that wants it."""

    def __init__(self, flight: Flight, places: threading.Semaphore) -> None:
        self._flight = flight
        self._places = places
        self._is_kept = True

    @contextmanager
    def place(self) -> Generator[None]:
        """Hold the place that is kept, or wait for another."""
        if not self._is_kept:
            with self._flight.place():
                yield
            return
        try:
            self._flight.go_on()
            yield
        finally:
            self.leave()

    def leave(self) -> None:
        """Give the place up, if it is still kept."""
        if self._is_kept:
            self._is_kept = False
            self._places.release()


class NoHost:
    """Stands for a host that intents name and the configuration does not."""

    def __init__(self, name: str) -> None:
        self.name = name

    def _refuse(self, *_: object) -> NoReturn:
        raise ComfyUnreachable("host-unknown", f"no host is configured as {self.name[:80]!r}")

    def receipt(self) -> EngineReceipt:
        """Refuse."""
        self._refuse()

    def submit(self, graph: Graph, prompt_id: str) -> None:
        """Refuse."""
        self._refuse(graph, prompt_id)

    def state(self, prompt_id: str) -> JobState:
        """Refuse."""
        self._refuse(prompt_id)

    def wait(
        self, prompt_id: str, on_progress: Callable[[Progress], None] | None = None
    ) -> FinalState:
        """Refuse."""
        self._refuse(prompt_id, on_progress)

    def fetch(self, output: OutputFile) -> bytes:
        """Refuse."""
        self._refuse(output)

    def upload(self, data: bytes, filename: str) -> str:
        """Refuse."""
        self._refuse(data, filename)

    def cancel(self, prompt_id: str) -> bool:
        """Refuse."""
        self._refuse(prompt_id)

    def free(self) -> None:
        """Refuse."""
        self._refuse()
