"""Read many documents with every core: processes that each take a portion at a time.

Owns when that pays, who reads which portion, and that it makes no difference: portions
come out in their order, and one whose worker died or does not answer is read here instead.
Threads would not do, as reading is Python's own work; nor would a fork, as other threads
may hold locks.
"""

import fcntl
import logging
import os
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Timer
from typing import Self

import pyarrow as pa

from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.warehouse.fetching import contents, folder_of
from darkroom.adapters.warehouse.reading import Portion, read_portion
from darkroom.adapters.warehouse.shaping import Shapes
from darkroom.adapters.warehouse.wire import Asked, receive_answer, send_request, send_shapes

MOST_WORKERS = 4
"""One process inserts what they read, and keeps no more of them busy."""
_PORTIONS_EACH = 2
_ANSWERS_WITHIN_S = 60.0
"""A portion takes a fraction of a second; who takes so long is stopped or starved."""
_ENDS_WITHIN_S = 5.0
_PIPE_BYTES = 2**20
NO_ANSWER = (OSError, EOFError, ValueError, KeyError, pa.ArrowException)
"""What reading an answer raises when the other end is gone or says nonsense."""
_LOG = logging.getLogger(__name__)


class Crew:
    """Those who read the documents of one store; without workers, whoever asks."""

    def __init__(self, store: Store, size: int | None = None) -> None:
        self.store = store
        self._root = folder_of(store)
        self._size = _cores() if size is None else size
        self._workers: list[_Worker] = []
        self._alone = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Let the workers end, once nothing is to be read any more."""
        for worker in self._workers:
            worker.end()

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that were started."""
        return tuple(worker.pid for worker in self._workers)

    def start(self) -> None:
        """Start the workers where there can be any; they load while others do other things."""
        if self._root is None or self._workers or self._size == 1 or not sys.executable:
            return
        with suppress(OSError):  # no process can be started: then all is read here
            for _ in range(min(self._size, MOST_WORKERS)):
                self._workers.append(_Worker(self._root))

    def read(self, portions: Iterable[Asked], shapes: Shapes) -> Iterator[tuple[int, Portion]]:
        """How many documents each portion has and what they mean, in their order."""
        if not self._workers:
            for asked in portions:
                yield len(asked), self._here(asked, shapes)
            return
        idle = SimpleQueue[_Worker | None]()
        for worker in self._workers:
            idle.put(worker)

        def one(asked: Asked) -> tuple[int, Portion]:
            worker = idle.get()
            found = worker.read(asked, shapes) if worker else None
            idle.put(worker if found else None)
            return len(asked), found or self._here(asked, shapes)

        with ThreadPoolExecutor(len(self._workers), "warehouse-worker") as pool:
            waiting = deque[Future[tuple[int, Portion]]]()
            try:
                for asked in portions:
                    waiting.append(pool.submit(one, asked))
                    if len(waiting) > _PORTIONS_EACH * len(self._workers):
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _here(self, asked: Asked, shapes: Shapes) -> Portion:
        found = contents(self.store, [key for key, _ in asked])
        with self._alone:  # two at once would only take turns
            return read_portion(found, [entry for _, entry in asked], shapes)


class _Worker:
    """One process that reads; see `worker`."""

    def __init__(self, root: Path) -> None:
        module = "darkroom.adapters.warehouse.worker"
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=2**20,
            process_group=0,  # Ctrl-C is for whoever started it, who then ends it
        )
        self._is_told = False
        if self._process.stdout is not None:
            _widen(self._process.stdout.fileno())

    @property
    def pid(self) -> int:
        return self._process.pid

    def read(self, asked: Asked, shapes: Shapes) -> Portion | None:
        """What these documents mean, or None when the worker gave no answer and is ended."""
        asking, answered = self._process.stdin, self._process.stdout
        assert asking is not None
        assert answered is not None
        try:
            with self._patience():
                if not self._is_told:
                    send_shapes(shapes, asking)
                    self._is_told = True
                send_request(asked, asking)
                return receive_answer(answered)
        except NO_ANSWER as error:
            self._process.kill()
            _LOG.warning("a process that reads documents gave no answer: %s", type(error).__name__)
            return None

    @contextmanager
    def _patience(self) -> Generator[None]:
        """Kill it when it takes too long: that ends every wait at its pipes."""
        limit = Timer(_ANSWERS_WITHIN_S, self._process.kill)
        limit.daemon = True
        limit.start()
        try:
            yield
        finally:
            limit.cancel()

    def end(self) -> None:
        """Let it end, which it does when nobody can ask it any more."""
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # a dead process takes no last word
                if pipe is not None:
                    pipe.close()
        try:
            self._process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _widen(pipe: int) -> None:
    """Let the pipe take as much at once as it may: each time it is full, both ends wait."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
