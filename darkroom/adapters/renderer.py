"""What draws images: the verbs the write path needs of a ComfyUI server.

States the contract that `darkroom.adapters.comfyui` keeps, against a real server
or the embedded engine alike. Knows no implementation.
"""

from collections.abc import Callable
from typing import Any, Protocol

from darkroom.core.jobs import EngineReceipt, FinalState, JobState, OutputFile, Progress

Graph = dict[str, dict[str, Any]]


class Renderer(Protocol):
    """A server that executes API-format graphs; every call ends within a bounded time."""

    @property
    def name(self) -> str:
        """The configured name of the host."""
        ...

    def receipt(self) -> EngineReceipt:
        """Version and device, as the server states them."""
        ...

    def submit(self, graph: Graph, prompt_id: str) -> None:
        """Queue the graph under our id; raises JobRejected or ComfyUnreachable.

        A lost reply is looked up before anything is sent again.
        """
        ...

    def state(self, prompt_id: str) -> JobState:
        """Say what the server knows now: history, queue, then history again."""
        ...

    def wait(
        self, prompt_id: str, on_progress: Callable[[Progress], None] | None = None
    ) -> FinalState:
        """Block until the job has ended, one way or another."""
        ...

    def fetch(self, output: OutputFile) -> bytes:
        """Download one output file, whole."""
        ...

    def upload(self, data: bytes, filename: str) -> str:
        """Send an input image; returns the name by which a graph may refer to it."""
        ...

    def cancel(self, prompt_id: str) -> bool:
        """Stop the job wherever it is; says whether anything was stopped."""
        ...

    def free(self) -> None:
        """Have the server unload its models and empty its caches, after memory ran out."""
        ...
