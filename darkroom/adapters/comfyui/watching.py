"""Wait for one job until it has ended, one way or another.

Owns the loop: the socket brings hints and the safe end signal, history and queue are
read beside it. Every way out is a final state; a server that stays away raises.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from darkroom.adapters.comfyui.listener import Broken, Listener, Silence
from darkroom.adapters.comfyui.lookup import history_of, look
from darkroom.adapters.comfyui.messages import (
    Alive,
    Announced,
    Frame,
    Message,
    NodeStarted,
    QueueStatus,
    Settled,
    Stepped,
)
from darkroom.adapters.comfyui.telling import Teller
from darkroom.adapters.comfyui.timing import Timing
from darkroom.adapters.comfyui.transport import Transport
from darkroom.adapters.comfyui.watchdog import Watchdog
from darkroom.core.errors import ComfyError, ComfyUnreachable
from darkroom.core.jobs import Cancelled, Done, Failed, FinalState, Lost, Pending, Running

_SOON_S = 0.2


@dataclass(frozen=True)
class Vigil:
    """What a wait works with."""

    transport: Transport
    prompt_id: str
    listener: Listener
    teller: Teller
    is_withdrawn: Callable[[], bool]
    """Whether this process cancelled the job: then absence means that it worked."""
    stop: Callable[[], object]
    """Takes the job off the server."""

    @property
    def timing(self) -> Timing:
        """How long each step may take."""
        return self.transport.timing


class Watch:
    """One wait."""

    def __init__(self, vigil: Vigil) -> None:
        now = time.monotonic()
        self._vigil = vigil
        self._dog = Watchdog(vigil.timing, now)
        self._looks = 0
        self._next_look = now + vigil.timing.poll_s if vigil.listener.is_open else now
        self._away_since: float | None = None
        self._missing_since: float | None = None
        self._heard_since_reconnection = True
        self._asked_after_withdrawal = False

    def wait(self) -> FinalState:
        """Block until the job has ended."""
        while True:
            final = self._step()
            if final is not None:
                return self._with_faults(final)

    def _step(self) -> FinalState | None:
        vigil, now = self._vigil, time.monotonic()
        if vigil.is_withdrawn() and not self._asked_after_withdrawal:
            self._asked_after_withdrawal, self._next_look = True, now
        if now >= self._next_look:
            return self._looked()
        wait_s = min(self._next_look - now, vigil.timing.slice_s)
        if vigil.listener.is_open:
            return self._heard(vigil.listener.hear(wait_s))
        time.sleep(wait_s)
        vigil.listener.reopen_when_due()
        if vigil.listener.is_open:
            self._heard_since_reconnection = False
            self._look_within(_SOON_S)
        return None

    def _heard(self, message: Message | Silence | Broken) -> FinalState | None:
        if isinstance(message, Silence):
            return None
        if isinstance(message, Broken):
            self._looks = 0
            self._look_within(0.0)
            return None
        if self._is_ours(message):
            self._heard_since_reconnection = True
            return self._hint(message)
        return None

    def _is_ours(self, message: Message) -> bool:
        match message:
            case QueueStatus():
                return False
            case NodeStarted(prompt_id=None) | Frame(prompt_id=None):
                return True  # the socket's client id is the job's own
            case _:
                return message.prompt_id == self._vigil.prompt_id

    def _hint(self, message: Message) -> FinalState | None:
        now = time.monotonic()
        match message:
            case Settled():
                return self._settled()
            case Announced():
                # the history entry comes a moment later, and with it the safe signal
                self._look_within(_SOON_S)
            case Stepped():
                self._dog.stepped(now)
                self._vigil.teller.tell(message)
            case NodeStarted():
                self._dog.node_started(now)
                self._vigil.teller.tell(message)
            case Frame():
                self._vigil.teller.tell(message)
            case Alive() | QueueStatus():
                self._dog.sign(now)
        return None

    def _settled(self) -> FinalState | None:
        """The end was signalled: the history has it now, or within moments."""
        for pause_s in (*self._vigil.timing.history_pauses_s, None):
            try:
                final = history_of(self._vigil.transport, self._vigil.prompt_id)
            except ComfyError:
                break
            if final is not None:
                return final
            time.sleep(pause_s or 0.0)
        self._look_within(0.0)
        return None

    def _looked(self) -> FinalState | None:
        self._next_look = math.inf
        final = self._look()
        # counted from its end: a slow server must not keep us from listening
        self._look_within(self._pause_s())
        return final

    def _look(self) -> FinalState | None:
        vigil, now = self._vigil, time.monotonic()
        try:
            found = look(vigil.transport, vigil.prompt_id, patiently=False)
        except ComfyError as error:
            return self._away(error, now)
        self._away_since = None
        state = found.state
        if isinstance(state, Lost):
            return self._missing(now)
        self._missing_since = None
        if not isinstance(state, Pending | Running):
            return state
        self._dog.looked(found, now)
        reason = self._dog.verdict(now, is_heard=self._is_heard())
        return None if reason is None else self._given_up(reason)

    def _is_heard(self) -> bool:
        return self._vigil.listener.is_open and self._heard_since_reconnection

    def _pause_s(self) -> float:
        timing, listener = self._vigil.timing, self._vigil.listener
        self._looks += 1
        if not listener.is_open:
            return timing.nth(timing.poll_alone_s, self._looks - 1)
        return timing.poll_beside_doubt_s if listener.is_doubtful else timing.poll_s

    def _look_within(self, pause_s: float) -> None:
        self._next_look = min(self._next_look, time.monotonic() + pause_s)

    def _away(self, error: ComfyError, now: float) -> None:
        """The server does not answer; it may be starting anew, or gone for good."""
        self._away_since = self._away_since or now
        # to the end of this look: a server that hangs is silent for the whole of it
        away_s = time.monotonic() - self._away_since
        if away_s > self._vigil.timing.outage_s:
            raise ComfyUnreachable(
                "comfy-away",
                f"the server went away while it had the job, {away_s:.0f} s ago: {error.message}",
                where=error.where,
            ) from error

    def _missing(self, now: float) -> FinalState | None:
        if self._vigil.is_withdrawn():
            return Cancelled()
        self._missing_since = self._missing_since or now
        confirm_s = self._vigil.timing.confirm_lost_s
        if now - self._missing_since >= confirm_s:
            return Lost()
        self._look_within(confirm_s)
        return None

    def _given_up(self, reason: str) -> FinalState:
        vigil = self._vigil
        try:
            vigil.stop()
            state = look(vigil.transport, vigil.prompt_id, patiently=False).state
        except ComfyError:
            state = Lost()
        # it may have ended just now, by itself; a stop of ours is no cancellation by a person
        return state if isinstance(state, Done) else Failed("stalled", reason)

    def _with_faults(self, final: FinalState) -> FinalState:
        faults = self._vigil.teller.faults
        if isinstance(final, Done) and faults:
            return replace(final, warnings=final.warnings + faults)
        return final
