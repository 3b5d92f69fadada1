"""Draw many jobs: two of ours in the server's queue, storing one while the next is drawn.

Owns the threads, the order of results and the back-pressure: a job is taken from the
caller only when a thread is free for it. A job that fails costs no other job.
"""

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from darkroom.adapters.renderer import Renderer
from darkroom.core.errors import DarkroomError, Interrupted
from darkroom.writepath.desk import Answer, Desk, Drawn, Job
from darkroom.writepath.draw import run_errand
from darkroom.writepath.drive import Errand, OnProgress
from darkroom.writepath.flight import IN_SERVER, Flight

_STORING = 2
_WAIT_S = 0.2
_LANDING_S = 8.0
"""So long an interrupted batch waits for its jobs to come back from the server."""


@dataclass(frozen=True)
class Broke:
    """The job could not be brought to an end now; its promise, if any, stays open."""

    job_key: str
    error: DarkroomError


BatchResult: TypeAlias = Drawn | Broke
OnResult: TypeAlias = Callable[[int, BatchResult], None]


def draw_batch(
    jobs: Iterable[Job],
    desk: Desk,
    renderer: Renderer,
    answer: Answer | None = None,
    on_result: OnResult | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[BatchResult, ...]:
    """Draw every job; results in the order of the jobs, each told as it arrives."""
    errand = Errand(desk, Flight(renderer), answer, on_progress)
    crew = _Crew(iter(jobs), errand, on_result)
    crew.work()
    return tuple(crew.results[number] for number in sorted(crew.results))


class _Crew:
    """The threads of one batch."""

    def __init__(self, jobs: Iterator[Job], errand: Errand, on_result: OnResult | None) -> None:
        self._jobs = enumerate(jobs)
        self._errand = errand
        self._on_result = on_result
        self._taking = threading.Lock()
        self._telling = threading.Lock()
        self._fault: BaseException | None = None
        self.results: dict[int, BatchResult] = {}

    def work(self) -> None:
        count = IN_SERVER + _STORING
        ends: list[threading.Event] = []
        try:
            for _ in range(count):
                ends.append(threading.Event())
                # daemons: a server that hangs must not keep an interrupted process alive
                threading.Thread(target=self._run, args=(ends[-1],), daemon=True).start()
            _wait_for(ends)
        except KeyboardInterrupt:
            with suppress(KeyboardInterrupt):  # pressed again: whoever is still out stays open
                self._errand.flight.stop()
                _wait_for(ends, _LANDING_S)
            raise Interrupted("interrupted", "stopped before the end") from None
        if self._fault is not None:
            raise self._fault

    def _run(self, end: threading.Event) -> None:
        try:
            self._work_through()
        finally:
            end.set()

    def _work_through(self) -> None:
        try:
            while (taken := self._next()) is not None:
                self._tell(taken[0], self._one(taken[1]))
        except Interrupted:
            return
        except BaseException as fault:  # noqa: BLE001 - carried to the caller's thread and raised there
            self._fault = self._fault or fault
            self._errand.flight.stop()

    def _next(self) -> tuple[int, Job] | None:
        with self._taking:
            if self._errand.flight.stopped:
                return None
            return next(self._jobs, None)

    def _one(self, job: Job) -> BatchResult:
        try:
            return run_errand(job, self._errand)
        except Interrupted:
            raise
        except DarkroomError as error:
            return Broke(job.key, error)

    def _tell(self, number: int, result: BatchResult) -> None:
        with self._telling:
            self.results[number] = result
            if self._on_result is not None:
                self._on_result(number, result)


def _wait_for(ends: list[threading.Event], within_s: float = math.inf) -> None:
    """Not by joining: before Python 3.13 a Ctrl-C inside `join` counts the thread as ended."""
    ends_at = time.monotonic() + within_s
    for end in ends:
        while not end.is_set() and time.monotonic() < ends_at:
            end.wait(_WAIT_S)  # in slices, so that Ctrl-C is heard
