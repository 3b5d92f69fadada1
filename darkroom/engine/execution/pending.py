"""The queue and the history, in memory only: a restart loses both, as with ComfyUI.

Owns their order and their caps. Thread-safe: requests and the worker share it.
"""

import heapq
import itertools
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from darkroom.engine.execution.prompts import Outcome, Prompt, Record


class QueueFullError(RuntimeError):
    """No more prompts are taken for now."""


@dataclass(frozen=True)
class Standing:
    """Where every prompt was at one moment: none is missed on its way from one to the next."""

    waiting: list[Prompt]
    """In the order of the heap, as ComfyUI lists them."""
    running: Prompt | None
    ended: list[Record]
    """Those that are remembered, oldest first."""


class PromptQueue:
    """Prompts that wait, the one that runs, and those that have ended."""

    def __init__(self, max_pending: int, max_history: int) -> None:
        self._changed = threading.Condition()
        self._heap: list[tuple[int | float, int, Prompt]] = []
        self._order = itertools.count()
        self._running: Prompt | None = None
        self._history: dict[str, Record] = {}
        self._max_pending = max_pending
        self._max_history = max_history
        self._woken = False

    def put(self, prompt: Prompt, announce: Callable[[], None]) -> None:
        """Add a prompt; a lower number runs earlier, equal numbers in order of arrival.

        `announce` is called before anything can be said of its execution.
        """
        with self._changed:
            if len(self._heap) >= self._max_pending:
                raise QueueFullError
            heapq.heappush(self._heap, (prompt.number, next(self._order), prompt))
            announce()
            self._changed.notify()

    def take(self) -> Prompt | None:
        """Wait for the next prompt and make it the running one; None when woken."""
        with self._changed:
            self._changed.wait_for(lambda: self._heap or self._woken)
            if self._woken:
                self._woken = False
                return None
            self._running = heapq.heappop(self._heap)[2]
            return self._running

    def wake(self) -> None:
        """Let the worker look up from waiting."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def finish(self, outcome: Outcome) -> None:
        """Move the running prompt into the history."""
        with self._changed:
            prompt, self._running = self._running, None
            if prompt is None:
                return
            self._history.pop(prompt.prompt_id, None)
            self._history[prompt.prompt_id] = Record(prompt, outcome)
            while len(self._history) > self._max_history:
                del self._history[next(iter(self._history))]

    @property
    def remaining(self) -> int:
        """Prompts that wait or run."""
        with self._changed:
            return len(self._heap) + (self._running is not None)

    def running(self) -> Prompt | None:
        """The prompt that runs now."""
        with self._changed:
            return self._running

    def standing(self) -> Standing:
        """Everything there is, as of now."""
        with self._changed:
            waiting = [prompt for _number, _order, prompt in self._heap]
            return Standing(waiting, self._running, list(self._history.values()))

    def clear(self) -> None:
        """Drop all that wait."""
        with self._changed:
            self._heap.clear()

    def delete(self, prompt_id: str) -> bool:
        """Drop one waiting prompt of this id; says whether there was one."""
        with self._changed:
            for at, (_number, _order, prompt) in enumerate(self._heap):
                if prompt.prompt_id == prompt_id:
                    del self._heap[at]
                    heapq.heapify(self._heap)
                    return True
            return False

    def record(self, prompt_id: str) -> Record | None:
        """The end of a prompt, if it has ended and is still remembered."""
        with self._changed:
            return self._history.get(prompt_id)

    def records(self) -> list[Record]:
        """Every remembered end, oldest first."""
        with self._changed:
            return list(self._history.values())

    def forget(self, prompt_ids: Iterable[str] | None = None) -> None:
        """Drop entries of the history; all of them where none is named."""
        with self._changed:
            if prompt_ids is None:
                self._history.clear()
            else:
                for prompt_id in prompt_ids:
                    self._history.pop(prompt_id, None)
