"""The resident scoring process's server: connections, queues, batches, idle exit.

Owns back-pressure: no more than a bounded number of pictures is held, a connection is
not read while there is no room, so that a fast client waits in its `send`. One thread
measures, a few decode. What is measured belongs to `resident_work`; how clients
behave to `resident_client`.
"""

import asyncio
import contextlib
import os
import socket
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from darkroom.adapters.scorers.resident_frames import (
    HEAD,
    PROTOCOL,
    Broken,
    Message,
    lengths,
    packed,
    parsed,
)
from darkroom.adapters.scorers.resident_tiers import Opening
from darkroom.adapters.scorers.resident_work import Bench, Openings, Work, decode_work
from darkroom.core.scoring.metrics import MetricSpec

_SPECS = TypeAdapter(tuple[MetricSpec, ...])
_ALIVE_EVERY_S = 5.0
_STUCK = 70


@dataclass(frozen=True)
class Limits:
    """How much is held at once, and how long anything may take."""

    held: int = 32
    """Pictures in the process, waiting ones included."""
    batch: int = 8
    decoders: int = 2
    idle_s: float = 600.0
    batch_within_s: float = 1800.0
    """A batch that takes longer is stuck: the process ends, and clients start another."""


class Connection:
    """One client."""

    def __init__(self, server: "Server", writer: asyncio.StreamWriter) -> None:
        self.specs: tuple[MetricSpec, ...] = ()
        self.openings: list[Opening] = []
        self.is_open = True
        self._server = server
        self._writer = writer

    def tell(self, message: Message) -> None:
        """Send a message from a thread; returns once it has been written."""
        asyncio.run_coroutine_threadsafe(self.write(message), self._server.loop).result()

    async def write(self, message: Message) -> None:
        """Send a message; a client that has gone is told nothing."""
        if not self.is_open:
            return
        try:
            # written at once where the client keeps up; never waited for, because the client
            # may itself be waiting for room, and what it is owed is bounded by its window
            self._writer.writelines(packed(message)[:2])
        except OSError:
            self.is_open = False


class Server:
    """Serves until it is told to stop or has had nothing to do for long enough."""

    def __init__(self, openings: Openings, marks: dict[str, Any], limits: Limits) -> None:
        self._openings = openings
        self._marks = marks
        self._limits = limits
        self._room = asyncio.Semaphore(limits.held)
        self._ready: deque[Work] = deque()
        self._woken = asyncio.Event()
        self._stopped = asyncio.Event()
        self._busy_at = time.monotonic()
        self._pending = 0
        self._connections: set[Connection] = set()
        self._preparing: set[asyncio.Task[None]] = set()
        self._decoders = ThreadPoolExecutor(limits.decoders, "decode")
        self._measurer = ThreadPoolExecutor(1, "measure")
        self.loop = asyncio.get_running_loop()

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing is being measured."""
        return self._pending == 0

    async def serve(self, listening: socket.socket) -> None:
        """Answer clients on a socket that listens."""
        server = await asyncio.start_unix_server(self._converse, sock=listening)
        tasks = [asyncio.create_task(one) for one in (self._measure(), self._watch())]
        stop = asyncio.create_task(self._stopped.wait())
        await asyncio.wait([*tasks, stop], return_when=asyncio.FIRST_COMPLETED)
        server.close()
        for task in tasks:
            if task.done():
                task.result()  # a fault of ours ends the process, with its reason in the log
            task.cancel()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self, writer)
        self._connections.add(connection)
        with contextlib.suppress(Broken, asyncio.IncompleteReadError, OSError):
            while not self._stopped.is_set():
                await self._heard(connection, *await _frame(reader, self._room))
        connection.is_open = False
        self._connections.discard(connection)
        writer.close()

    async def _heard(self, connection: Connection, message: Message, data: bytes) -> None:
        match message["op"]:
            case "hello":
                connection.specs = _SPECS.validate_json(message["specs"])
                connection.openings = self._openings(connection.specs)
                said = {"op": "hello", "protocol": PROTOCOL, "pid": os.getpid()}
                await connection.write(said | {"marks": self._marks})
            case "score":
                self._pending += 1
                task = asyncio.create_task(self._prepare(_work(connection, message, data)))
                self._preparing.add(task)  # a task nobody holds may be swept away
                task.add_done_callback(self._preparing.discard)
            case "stop":
                self._stopped.set()
            case _:
                raise Broken("an unknown message")

    async def _prepare(self, work: Work) -> None:
        await self.loop.run_in_executor(self._decoders, decode_work, work)
        self._ready.append(work)
        self._woken.set()

    async def _measure(self) -> None:
        bench = Bench()
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._ready:
                batch = self._next_batch()
                if batch[0].listener.is_open:
                    job = self.loop.run_in_executor(self._measurer, bench.measure, batch)
                    await self._in_time(job)
                for _ in batch:
                    self._room.release()
                self._pending -= len(batch)
                self._busy_at = time.monotonic()

    def _next_batch(self) -> list[Work]:
        """The first picture, and those behind it that can be measured with it."""
        first = self._ready.popleft()
        batch = [first]
        while not first.alone and self._ready and len(batch) < self._limits.batch:
            work = self._ready[0]
            if work.alone or work.listener is not first.listener or work.wanted != first.wanted:
                break
            batch.append(self._ready.popleft())
        return batch

    async def _in_time(self, job: asyncio.Future[None]) -> None:
        try:
            await asyncio.wait_for(job, self._limits.batch_within_s)
        except TimeoutError:
            print("a batch took too long; the process ends itself", flush=True)  # noqa: T201
            os._exit(_STUCK)

    async def _watch(self) -> None:
        """Tell clients that we live, and stop when nobody has wanted anything for long."""
        told = time.monotonic()
        while True:
            await asyncio.sleep(min(1.0, self._limits.idle_s / 4))
            now = time.monotonic()
            if not self._pending and now - self._busy_at > self._limits.idle_s:
                self._stopped.set()
            if now - told > _ALIVE_EVERY_S:
                told = now
                for connection in tuple(self._connections):
                    await connection.write({"op": "alive"})


async def _frame(reader: asyncio.StreamReader, room: asyncio.Semaphore) -> tuple[Message, bytes]:
    """One message; for one with a picture, room is taken first, and the reader waits for it."""
    header, data = lengths(await reader.readexactly(HEAD.size))
    message = parsed(await reader.readexactly(header))
    if message["op"] != "score":
        return message, b""
    await room.acquire()
    try:
        return message, await reader.readexactly(data)
    except BaseException:
        room.release()
        raise


def _work(connection: Connection, message: Message, data: bytes) -> Work:
    shape = message["shape"]
    return Work(
        listener=connection,
        number=int(message["id"]),
        wanted=frozenset(message["wanted"]),
        alone=bool(message["alone"]),
        sha256=str(message["sha256"]),
        prompt=message["prompt"],
        shape=(int(shape[0]), int(shape[1])) if shape else None,
        data=data,
    )
