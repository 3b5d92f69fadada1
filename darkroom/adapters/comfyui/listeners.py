"""The sockets between a `submit` and its `wait`.

Owns how many of them stand unread: a server that sends to everybody in turn would be
held up by one that nobody reads, so the oldest is closed when there are too many.
"""

import threading
import time

from darkroom.adapters.comfyui.address import Address
from darkroom.adapters.comfyui.listener import Listener
from darkroom.adapters.comfyui.timing import Timing

MOST_UNREAD = 4


class Listeners:
    """Opened and not yet read sockets of one server, by job."""

    def __init__(self, address: Address, timing: Timing) -> None:
        self._address = address
        self._timing = timing
        self._unread: dict[str, Listener] = {}
        self._off_until = 0.0
        self._lock = threading.Lock()

    def open(self, prompt_id: str) -> None:
        """Be ready to hear of the job; a server without sockets is only asked now and then."""
        self.close(prompt_id)  # an earlier socket of the same job would make this one deaf
        listener = self._new(prompt_id)
        if time.monotonic() >= self._off_until and not listener.open():
            self._off_until = time.monotonic() + self._timing.socket_off_s
            listener.rest_until(self._off_until)
        with self._lock:
            surplus = list(self._unread)[: max(0, len(self._unread) - MOST_UNREAD + 1)]
            closing = [self._unread.pop(key) for key in surplus]
            self._unread[prompt_id] = listener
        for old in closing:
            old.close()

    def take(self, prompt_id: str) -> Listener:
        """The job's socket, for the one who reads it; one that connects on its own if none is."""
        with self._lock:
            return self._unread.pop(prompt_id, None) or self._new(prompt_id)

    def _new(self, prompt_id: str) -> Listener:
        return Listener(self._address, self._timing, prompt_id, self._off_until)

    def close(self, prompt_id: str) -> None:
        """The job will not be waited for."""
        with self._lock:
            listener = self._unread.pop(prompt_id, None)
        if listener is not None:
            listener.close()

    def close_all(self) -> None:
        """Close what nobody took."""
        with self._lock:
            listeners = list(self._unread.values())
            self._unread.clear()
        for listener in listeners:
            listener.close()
