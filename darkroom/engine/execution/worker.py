"""The one thread that executes prompts, one after the other.

Owns its start and end, interruption, and emptying the cache between prompts.
"""

import threading
from collections.abc import Callable
from typing import Any

from darkroom.engine.execution import faults
from darkroom.engine.execution.cache import Cache
from darkroom.engine.execution.executor import Execution, Stopper, Tools
from darkroom.engine.execution.hearers import Hearers
from darkroom.engine.execution.pending import PromptQueue
from darkroom.engine.execution.prompts import ERROR, Outcome, Prompt
from darkroom.engine.nodes.definition import Around


class Worker:
    """Takes prompts from the queue until it is told to stop."""

    def __init__(self, queue: PromptQueue, around: Around, hearers: Hearers) -> None:
        self.queue = queue
        self._hearers = hearers
        self._tools = Tools(around, Cache(), hearers, Stopper())
        self._interrupting = threading.Lock()
        self._free_wanted = False
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="worker", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Interrupt what runs and end the thread."""
        self._stopping = True
        self.interrupt(None)
        self.queue.wake()
        self._thread.join(timeout_s)

    def interrupt(self, prompt_id: str | None) -> bool:
        """Stop the running prompt if it is this one, or whichever runs where none is named."""
        with self._interrupting:
            running = self.queue.running()
            if running is None or prompt_id not in {None, running.prompt_id}:
                return False
            self._tools.stopper.prompt_id = running.prompt_id
            return True

    def free(self) -> None:
        """Empty the cache, before the next prompt at the latest."""
        self._free_wanted = True
        self.queue.wake()

    def announce(self) -> None:
        """Tell everyone how many prompts wait or run."""
        exec_info = {"queue_remaining": self.queue.remaining}
        self._hearers.tell("status", {"status": {"exec_info": exec_info}}, None)

    def _work(self) -> None:
        while not self._stopping:
            prompt = self.queue.take()
            if self._free_wanted:
                self._free_wanted = False
                self._tools.cache.clear()
            if prompt is not None:
                self.announce()
                self._run(prompt)

    def _run(self, prompt: Prompt) -> None:
        outcome = _guarded(prompt, lambda: Execution(prompt, self._tools).run())
        with self._interrupting:
            self.queue.finish(outcome)
            self._tools.stopper.prompt_id = None
        self.announce()
        self._hearers.now_running(None, None)
        if prompt.client_id is not None:
            data = {"node": None, "prompt_id": prompt.prompt_id}
            self._hearers.tell("executing", data, prompt.client_id)


def _guarded(prompt: Prompt, run: Callable[[], Outcome]) -> Outcome:
    """A fault of the engine itself ends one prompt, never the thread."""
    try:
        return run()
    except Exception as exc:  # noqa: BLE001 - the thread's door: a dead worker would hang everyone
        data: dict[str, Any] = {
            "prompt_id": prompt.prompt_id,
            "node_id": prompt.outputs[0],
            "node_type": prompt.graph[prompt.outputs[0]]["class_type"],
            "executed": [],
            "exception_message": faults.message(exc),
            "exception_type": faults.type_name(exc),
            "traceback": faults.frames(exc),
            "current_inputs": {},
            "current_outputs": [],
        }
        return Outcome(ERROR, [("execution_error", data)])
