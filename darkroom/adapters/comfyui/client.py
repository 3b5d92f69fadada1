"""One ComfyUI server as a `Renderer`: submit, state, wait, fetch, upload, cancel.

Owns the wiring of the parts and the sockets between `submit` and `wait`. May be used by
several threads at once; every call ends within the durations of its `Timing`.
"""

import threading
from collections.abc import Callable
from typing import Any, Self

from darkroom.adapters.comfyui import collecting, uploading
from darkroom.adapters.comfyui.address import read_address
from darkroom.adapters.comfyui.cancelling import Canceller
from darkroom.adapters.comfyui.collecting import Verify
from darkroom.adapters.comfyui.health import Health, await_up, read_health, read_receipt
from darkroom.adapters.comfyui.listener import Listener
from darkroom.adapters.comfyui.listeners import Listeners
from darkroom.adapters.comfyui.lookup import look
from darkroom.adapters.comfyui.object_info import ObjectInfo
from darkroom.adapters.comfyui.rejections import check_before_sending
from darkroom.adapters.comfyui.submitting import Submitter
from darkroom.adapters.comfyui.telling import Teller
from darkroom.adapters.comfyui.timing import Timing
from darkroom.adapters.comfyui.transport import Transport
from darkroom.adapters.comfyui.watching import Vigil, Watch
from darkroom.adapters.images import check_whole
from darkroom.core.errors import ComfyError, ComfyUnreachable
from darkroom.core.jobs import (
    Cancelled,
    EngineReceipt,
    FinalState,
    JobState,
    Lost,
    OutputFile,
    Progress,
)
from darkroom.core.workflow.object_info import Catalogue

Graph = dict[str, dict[str, Any]]


class ComfyClient:
    """A ComfyUI server; keeps the contract of `darkroom.adapters.renderer.Renderer`."""

    def __init__(
        self,
        name: str,
        url: str,
        timing: Timing | None = None,
        *,
        previews: bool = False,
        verify: Verify = check_whole,
        revive: Callable[[], None] | None = None,
    ) -> None:
        self._name = name
        self._transport = Transport(read_address(url), timing or Timing())
        self._listeners = Listeners(self._transport.address, self._transport.timing)
        self._catalogue = ObjectInfo(self._transport)
        self._canceller = Canceller(self._transport)
        self._submitter = Submitter(self._transport, self._catalogue, self._canceller.cancel)
        self._verify = verify
        self._revive = revive
        # 0.33 turns previews on per job; older servers ignore this
        self._extra = {"preview_method": "latent2rgb"} if previews else {}
        self._withdrawn: set[str] = set()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The configured name of the host."""
        return self._name

    @property
    def where(self) -> str:
        """The address, without credentials."""
        return self._transport.address.base

    def receipt(self) -> EngineReceipt:
        """Version and device, as the server states them; one that is ours is started for it."""
        try:
            return read_receipt(self._transport, self._name)
        except ComfyUnreachable:
            if self._revive is None:
                raise
        self._revive()
        return read_receipt(self._transport, self._name)

    def health(self) -> Health:
        """What the server says of itself now."""
        return read_health(self._transport, self._name)

    def await_up(self, deadline_s: float) -> None:
        """Return as soon as the server answers, or raise ComfyUnreachable."""
        await_up(self._transport, deadline_s)

    def object_info(self) -> Catalogue:
        """Every node class the server has; asked once."""
        return self._catalogue.catalogue()

    def choices(self, class_type: str, name: str) -> tuple[str, ...]:
        """What an input of a node class takes now: model files, for example."""
        return self._catalogue.options(class_type, name)

    def forget_object_info(self) -> None:
        """Ask again next time."""
        self._catalogue.forget()

    def submit(self, graph: Graph, prompt_id: str) -> None:
        """Queue the graph under our id; the socket is open before it is sent."""
        check_before_sending(graph, prompt_id)
        self._listeners.open(prompt_id)
        try:
            self._submitter.submit(graph, prompt_id, self._extra)
        except BaseException:
            self._listeners.close(prompt_id)
            raise

    def state(self, prompt_id: str) -> JobState:
        """Say what the server knows now: history, queue, then history again."""
        state = look(self._transport, prompt_id).state
        return Cancelled() if isinstance(state, Lost) and self._is_withdrawn(prompt_id) else state

    def wait(
        self, prompt_id: str, on_progress: Callable[[Progress], None] | None = None
    ) -> FinalState:
        """Block until the job has ended, one way or another."""
        listener = self._listeners.take(prompt_id)
        try:
            return Watch(self._vigil(prompt_id, listener, on_progress)).wait()
        finally:
            listener.close()

    def _vigil(
        self,
        prompt_id: str,
        listener: Listener,
        on_progress: Callable[[Progress], None] | None,
    ) -> Vigil:
        return Vigil(
            transport=self._transport,
            prompt_id=prompt_id,
            listener=listener,
            teller=Teller(prompt_id, on_progress),
            is_withdrawn=lambda: self._is_withdrawn(prompt_id),
            stop=lambda: self._canceller.cancel(prompt_id),
        )

    def fetch(self, output: OutputFile) -> bytes:
        """Download one output file, whole; JobLost where the server no longer has it."""
        return collecting.fetch(self._transport, output, self._verify)

    def upload(self, data: bytes, filename: str) -> str:
        """Send an input image; its own content names it, so `filename` is only for messages."""
        try:
            return uploading.upload(self._transport, data)
        except ComfyError as error:
            raise error.extend(f" (while sending {filename})") from error.__cause__

    def cancel(self, prompt_id: str) -> bool:
        """Stop the job wherever it is; says whether anything was stopped."""
        is_stopped = self._canceller.cancel(prompt_id)
        if is_stopped:
            with self._lock:
                self._withdrawn.add(prompt_id)
        return is_stopped

    def _is_withdrawn(self, prompt_id: str) -> bool:
        with self._lock:
            return prompt_id in self._withdrawn

    def free(self) -> None:
        """Have the server unload its models and empty its caches, after memory ran out."""
        body = {"unload_models": True, "free_memory": True}
        self._transport.post_json("/free", body).expect_ok()

    def close(self) -> None:
        """Close sockets and connections."""
        self._listeners.close_all()
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
