"""When a job that does not end must be given up.

Owns the clockwork, fed with signs of life and with looks at the queue; asks nothing
itself. Nothing stays running in silence: every state has a longest duration.
"""

from darkroom.adapters.comfyui.lookup import Look
from darkroom.adapters.comfyui.timing import Timing
from darkroom.core.jobs import Pending


class Watchdog:
    """Patience with one job; times are seconds of one monotonic clock."""

    def __init__(self, timing: Timing, now: float) -> None:
        self._timing = timing
        self._begun = self._last_sign = now
        self._has_steps = False
        self._idle_since: float | None = None
        self._is_pending = False
        self._ahead: object = None

    def sign(self, now: float) -> None:
        """The server said something of this job."""
        self._last_sign = now

    def node_started(self, now: float) -> None:
        """Another node runs; it may have to load a model before its first step."""
        self._is_pending = False
        self._last_sign, self._has_steps = now, False

    def stepped(self, now: float) -> None:
        """The running node made a step."""
        self._is_pending = False
        self._last_sign, self._has_steps = now, True

    def looked(self, found: Look, now: float) -> None:
        """The queue was read; a change of what is before us is a sign of life."""
        self._is_pending = isinstance(found.state, Pending)
        ahead = (found.state, found.running) if self._is_pending else None
        if ahead != self._ahead:
            self._ahead, self._last_sign = ahead, now
        is_idle = self._is_pending and not found.running
        self._idle_since = (self._idle_since or now) if is_idle else None

    def verdict(self, now: float, *, is_heard: bool) -> str | None:
        """Why the job must be given up, or None; `is_heard`: a socket would tell of progress."""
        timing = self._timing
        if timing.longest_s is not None and now - self._begun > timing.longest_s:
            return f"not finished after {timing.longest_s:g} s"
        if self._idle_since is not None and now - self._idle_since > timing.zombie_s:
            return (
                f"jobs wait and none runs for {timing.zombie_s:g} s: the server's worker is dead;"
                " restart the server"
            )
        allowed_s, what = self._allowance(is_heard)
        return f"{what} for {allowed_s:g} s" if now - self._last_sign > allowed_s else None

    def _allowance(self, is_heard: bool) -> tuple[float, str]:
        if self._is_pending:
            return self._timing.first_progress_s, "the queue before it has not moved"
        if not is_heard:
            return self._timing.unheard_s, "it runs, and no websocket tells of progress,"
        if self._has_steps:
            return self._timing.stall_s, "no progress"
        return self._timing.first_progress_s, "no first step"
