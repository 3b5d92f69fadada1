"""One server of a fleet at work: its threads, and what each way of ending leads to.

Owns the shifts of a server (its slot is held for a shift, not for an image), its pauses
after a failure, and the translation of endings into what the board is told.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, replace

from darkroom.core.errors import (
    ComfyError,
    DarkroomError,
    Interrupted,
    JobFailed,
    JobLost,
    JobRejected,
)
from darkroom.core.fleet.choosing import Needs
from darkroom.core.fleet.fates import (
    AfterFreeing,
    Elsewhere,
    Loss,
    Refer,
    fate_of_failure,
    fate_of_loss,
    harms_host,
)
from darkroom.core.fleet.health import STALL_WEIGHT, Answered, Cooling, Gone, Served
from darkroom.writepath.desk import Drawn, Ended
from darkroom.writepath.draw import run_errand
from darkroom.writepath.drive import Errand, LossRule, leave_behind
from darkroom.writepath.fleet_board import Board
from darkroom.writepath.fleet_terms import Broke, Slot, Ticket
from darkroom.writepath.flight import Berth
from darkroom.writepath.intents import Intent
from darkroom.writepath.outcomes import NotDrawn
from darkroom.writepath.quarantine import Quarantine

_STORING = 2
_WAIT_S = 0.2


@dataclass(frozen=True)
class Rooms:
    """What the servers of one batch share."""

    board: Board
    quarantine: Quarantine
    slot: Slot
    fault: Callable[[BaseException], None]
    """Told of a mistake of ours; the whole batch stops."""


class Post:
    """One server's threads."""

    def __init__(self, host: str, errand: Errand, places: int, rooms: Rooms) -> None:
        self._errand, self._rooms, self._board = errand, rooms, rooms.board
        self._threads = places + _STORING
        self._host = host
        self._turn_ends: float | None = None
        self._abandoned: set[str] = set()
        self._is_parked = False
        self.end = threading.Event()

    @property
    def is_out(self) -> bool:
        """Whether nothing of it is to be waited for: it ended, or waits for what comes too late.

        That is a slot, or the answer of a server that was away.
        """
        return self.end.is_set() or (self._is_parked and self._board.is_finished())

    def run(self) -> None:
        """Work shift after shift, until there is nothing more that this server could do."""
        try:
            while not self._errand.flight.stopped and not self._board.is_finished():
                health = self._board.health(self._host)
                if isinstance(health, Gone):
                    return
                if isinstance(health, Cooling):
                    self._cool(health)
                elif self._board.awaits(self._host):
                    self._shift()
                else:
                    self._board.wait()
        except BaseException as fault:  # noqa: BLE001 - carried to the caller's thread
            self._rooms.fault(fault)
        finally:
            self.end.set()

    # -- shifts

    def _shift(self) -> None:
        self._is_parked = True
        with self._rooms.slot(self._host):
            self._is_parked = False
            self._turn_ends = None
            ends = [threading.Event() for _ in range(self._threads)]
            for end in ends:
                # daemons: a server that hangs must not keep an interrupted process alive
                context = copy_context()
                threading.Thread(target=context.run, args=(self._work, end), daemon=True).start()
            for end in ends:
                end.wait()

    def _is_turn_over(self) -> bool:
        return self._turn_ends is not None and time.monotonic() > self._turn_ends

    def _work(self, end: threading.Event) -> None:
        try:
            while self._one():
                continue
        except Interrupted:
            return
        except BaseException as fault:  # noqa: BLE001 - carried to the caller's thread
            self._rooms.fault(fault)
        finally:
            end.set()

    def _one(self) -> bool:
        """Draw one order; a place in the queue first, so that no order waits at a busy server."""
        with self._errand.flight.berth() as berth:
            ticket = self._board.take(self._host, self._is_turn_over)
            if ticket is None:
                return False
            turn_s = self._board.terms.turn_s
            if turn_s is not None and self._turn_ends is None:  # no turn ends before it began
                self._turn_ends = time.monotonic() + turn_s
            self._carry_out(ticket, berth)
            return True

    def _cool(self, health: Cooling) -> None:
        left_s = health.until_s - time.monotonic()
        if left_s > 0:
            self._board.wait(left_s)
            return
        self._is_parked = True
        try:
            self._ask()
        except ComfyError as error:
            self._board.trouble(self._host, error)
        finally:
            self._is_parked = False

    def _ask(self) -> None:
        """Raise unless it answers; what it has of a job that others took is taken off it."""
        flight = self._errand.flight
        flight.forget_receipt()
        flight.receipt()
        for prompt_id in self._abandoned - self._board.take_back(self._host):
            self._errand.renderer.cancel(prompt_id)
        self._abandoned.clear()
        self._board.note(self._host, Answered())

    # -- one order

    def _carry_out(self, ticket: Ticket, berth: Berth) -> None:
        lost: list[tuple[Intent, Loss]] = []
        key = ""
        try:
            job = ticket.build(self._errand.flight)
            key = job.key
            self._refuse_poison(job.keys.project, key)
            errand = self._errand_for(berth, lost)
            self._leave_behind(ticket)
            result = run_errand(job, errand)
        except Interrupted:
            raise
        except JobLost as error:
            self._lost(ticket, key, error, lost)
        except (JobFailed, JobRejected) as error:
            self._board.settle(self._host, ticket, Broke(key, error))
        except ComfyError as error:
            self._board.trouble(self._host, error)
            self._move(replace(ticket, needs=self._not_here(ticket)), key, error)
        except DarkroomError as error:
            self._board.settle(self._host, ticket, Broke(key, error))
        else:
            self._ended(ticket, result)

    def _errand_for(self, berth: Berth, lost: list[tuple[Intent, Loss]]) -> Errand:
        terms = self._board.terms

        def hand_back(intent: Intent, loss: Loss) -> None:
            lost.append((intent, loss))

        rule = LossRule(terms.losses, hand_back, terms.stalls_move, self._set_aside)
        return replace(self._errand, berth=berth, losses=rule, took=self._board.took)

    def _set_aside(self, intent: Intent, ended: NotDrawn) -> None:
        if self._board.terms.quarantines:
            self._rooms.quarantine.set_aside(intent, ended)

    def _refuse_poison(self, project: str, key: str) -> None:
        if not self._board.terms.quarantines:
            return
        if held := self._rooms.quarantine.held(project, key):
            message = f"it was set aside: {held.cause}, {held.message}"
            raise JobFailed("job-quarantined", message, where=f"{project} {key[:12]}")

    def _leave_behind(self, ticket: Ticket) -> None:
        if ticket.left_behind and ticket.left_behind[0].host != self._errand.renderer.name:
            leave_behind(self._errand, *ticket.left_behind)

    # -- endings

    def _ended(self, ticket: Ticket, result: Drawn) -> None:
        cause = result.cause if isinstance(result, Ended) else ""
        if cause == "stalled":
            error = JobFailed("job-handed-back", cause, where=self._host)
            self._board.trouble(self._host, error, STALL_WEIGHT)
        elif cause != "lost":
            self._board.note(self._host, Served())
        if not (isinstance(result, Ended) and self._again(ticket, result)):
            self._board.settle(self._host, ticket, result)

    def _lost(
        self, ticket: Ticket, key: str, error: JobLost, lost: list[tuple[Intent, Loss]]
    ) -> None:
        if not lost:  # the server has forgotten what it drew, and the record says so
            self._board.settle(self._host, ticket, Broke(key, error))
            return
        intent, loss = lost[-1]
        if harms_host(loss.cause):
            weight = STALL_WEIGHT if loss.cause == "stalled" else 1
            self._abandoned.add(intent.prompt_id)
            cause = error.__cause__
            seen = cause if isinstance(cause, DarkroomError) else error
            self._board.trouble(self._host, seen, weight)
        left = (intent, loss) if loss.cause == "away" else None
        self._move(replace(ticket, needs=self._not_here(ticket), left_behind=left), key, error)

    def _not_here(self, ticket: Ticket) -> Needs:
        return replace(ticket.needs, lost_on=ticket.needs.lost_on | {self._host})

    def _move(self, ticket: Ticket, key: str, error: DarkroomError) -> None:
        if not isinstance(fate_of_loss(ticket.tries), Elsewhere):
            self._board.settle(self._host, ticket, Broke(key, error))
            return
        tries = replace(ticket.tries, moves=ticket.tries.moves + 1)
        self._board.put_back(self._host, replace(ticket, tries=tries))

    def _again(self, ticket: Ticket, ended: Ended) -> bool:
        """Whether the order goes back, after memory ran out or a server refused it."""
        if ended.cause not in {"out_of_memory", "rejected"} or not self._board.terms.retries:
            return False
        refused = replace(ticket.needs, refused_by=ticket.needs.refused_by | {self._host})
        others_can = self._board.others_can(self._host, refused)
        match fate_of_failure(ended.cause, ticket.tries, others_can=others_can):
            case AfterFreeing():
                with suppress(ComfyError):
                    self._errand.renderer.free()
                tries = replace(ticket.tries, memory=ticket.tries.memory + 1)
                self._board.put_back(self._host, replace(ticket, tries=tries))
                return True
            case Refer():
                self._board.put_back(self._host, replace(ticket, needs=refused))
                return True
            case _:
                return False
