"""The parts of one engine, put together; what every route works with."""

import asyncio
import contextlib
import threading
from typing import Protocol

from starlette.requests import HTTPConnection

from darkroom.engine.diffusers import Diffusion
from darkroom.engine.execution.pending import PromptQueue
from darkroom.engine.execution.worker import Worker
from darkroom.engine.files import Folders
from darkroom.engine.nodes.definition import Around
from darkroom.engine.server.sockets import Hub
from darkroom.engine.settings import Settings

_STOP_WITHIN_S = 3.0


class WarmDiffusion(Diffusion, Protocol):
    """A model that can be loaded ahead of its first use."""

    def warm(self) -> None:
        """Load what takes long."""
        ...


class Engine:
    """One engine process, without its port."""

    def __init__(self, settings: Settings, diffusion: WarmDiffusion) -> None:
        self.settings = settings
        self.folders = Folders(settings.root)
        self.around = Around(self.folders, diffusion, settings.limits)
        self.hub = Hub(settings.limits)
        self.queue = PromptQueue(settings.limits.pending, settings.limits.history)
        self.worker = Worker(self.queue, self.around, self.hub)
        self._diffusion = diffusion
        self._number = 0
        self._warm = asyncio.Event()

    def start(self) -> None:
        """Begin to work; the model is loaded meanwhile."""
        self.folders.empty_temp()
        self.hub.open()
        self.worker.start()
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._load, args=(loop,), name="loading", daemon=True).start()

    def _load(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._diffusion.warm()
        finally:
            with contextlib.suppress(RuntimeError):  # the loop closed meanwhile
                loop.call_soon_threadsafe(self._warm.set)

    def stop(self) -> None:
        """Interrupt what runs and end."""
        self.hub.close()
        self.worker.stop(_STOP_WITHIN_S)

    async def ready(self) -> Around:
        """What graphs are checked against; waits until the model's names are known."""
        await self._warm.wait()
        return self.around

    def next_number(self) -> int:
        """The place of the next prompt in the queue; also a refused one takes a number."""
        self._number += 1
        return self._number - 1


def engine_of(connection: HTTPConnection) -> Engine:
    """The engine a request is for."""
    return connection.app.state.engine
