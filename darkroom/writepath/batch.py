"""Draw many jobs on one server: two of ours in its queue, storing one while the next is drawn.

Owns the terms on which one server draws: what it lost it gets again, and one that does not
answer is waited for, so that a restart costs no image. A job is taken from the caller only
when a thread is free for it. A job that fails costs no other job.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from darkroom.adapters.renderer import Renderer
from darkroom.core.fleet.health import Patience
from darkroom.writepath.desk import Answer, Desk, Job
from darkroom.writepath.drive import OnProgress
from darkroom.writepath.fleet_board import Board
from darkroom.writepath.fleet_crew import Crew, Errands
from darkroom.writepath.fleet_terms import (
    BatchResult,
    Broke,
    OnResult,
    Slot,
    Terms,
    Ticket,
    free,
    unheard,
)
from darkroom.writepath.flight import Flight
from darkroom.writepath.outcomes import MAX_SUBMISSIONS

__all__ = ["BatchResult", "Broke", "OnResult", "draw_batch", "one_server"]

PATIENCE = Patience(first_pause_s=0.5, longest_pause_s=5.0, failures=3)


def one_server(wait_s: float = 0.0, said: Callable[[str], None] = unheard) -> Terms:
    """The terms for one server; `wait_s`: how long it is waited for when it does not answer.

    `said` is told in a line that it is waited for, and that it answers again.
    """
    return Terms(
        patience=replace(PATIENCE, wait_s=wait_s),
        losses=MAX_SUBMISSIONS,
        stalls_move=False,
        quarantines=False,
        said=said,
    )


def draw_batch(  # noqa: PLR0913 - the one door of a batch; all but three have defaults
    jobs: Iterable[Job],
    desk: Desk,
    renderer: Renderer,
    answer: Answer | None = None,
    on_result: OnResult | None = None,
    on_progress: OnProgress | None = None,
    *,
    slot: Slot = free,
    terms: Terms | None = None,
) -> tuple[BatchResult, ...]:
    """Draw every job; results in the order of the jobs, each told as it arrives."""
    tickets = (_ticket(number, job) for number, job in enumerate(jobs))
    board = Board(tickets, terms or one_server(), [renderer.name], lambda: False, on_result)
    return Crew({renderer.name: renderer}, Errands(desk, answer, on_progress), board, slot).work()


def _ticket(number: int, job: Job) -> Ticket:
    def ready(_flight: Flight) -> Job:
        return job

    return Ticket(number, ready)
