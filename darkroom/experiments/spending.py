"""What a run of an experiment has spent, and how far its next step may go.

Owns the counts and the clock of one command. A step ends after some minutes even where more
could be drawn: what came of it is shown, and other runs get their turn on the servers.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from darkroom.core.experiments.declaration import Budget

_STEP_S = 300.0
_S_PER_MINUTE = 60


@dataclass(frozen=True)
class Limits:
    """How far one step goes; None: no limit."""

    gpu_seconds: float | None
    images: int | None
    is_over: Callable[[], bool]
    """Asked before each image."""


class Purse:
    """What one command spends; several threads may count."""

    def __init__(self, budget: Budget, is_wanted: Callable[[], bool] = lambda: False) -> None:
        self._budget = budget
        self._is_wanted = is_wanted
        """Whether something waits for the step to end."""
        self._begun_s = time.monotonic()
        self._step_s: float | None = None
        self._counting = threading.Lock()
        self.drawn = 0
        self.judged_again = 0
        self.gpu_seconds = 0.0

    @property
    def seconds(self) -> float:
        """How long the command has been at it."""
        return time.monotonic() - self._begun_s

    @property
    def minutes(self) -> float:
        """The same, as budgets have it."""
        return self.seconds / _S_PER_MINUTE

    def count(self, seconds: float | None) -> None:
        """An image was drawn, and took the server so long."""
        with self._counting:
            self.drawn += 1
            self.gpu_seconds += seconds or 0.0

    def begin_step(self) -> None:
        """A step counts from its first image: it may have to wait for a server."""
        self._step_s = None

    def begin_image(self) -> None:
        """A server takes an image on."""
        if self._step_s is None:
            self._step_s = time.monotonic()

    def limits(self, images: int | None = None) -> Limits:
        """How far a step goes now; `images` are left, where they are limited."""
        most = self._budget.gpu_seconds
        left_s = None if most is None else most - self.gpu_seconds
        return Limits(left_s, images, self._is_over)

    def _is_over(self) -> bool:
        most, began = self._budget.minutes, self._step_s
        if self._is_wanted():
            return True
        if most is not None and self.minutes >= most:
            return True
        return began is not None and time.monotonic() - began >= _STEP_S
