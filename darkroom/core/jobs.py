"""What can be true of a job on a ComfyUI server: one closed set of states.

Owns the records that the client returns and the write path decides on. `Lost`
is a state of its own: a job that neither queue nor history knows is never done.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True)
class OutputFile:
    """One file a node wrote, as the server's history names it."""

    node: str
    filename: str
    subfolder: str
    kind: Literal["output", "temp", "input"]


@dataclass(frozen=True)
class Pending:
    """Accepted and waiting its turn."""

    position: int | None = None


@dataclass(frozen=True)
class Running:
    """Being executed now."""


@dataclass(frozen=True)
class Done:
    """Finished without error; the files it wrote, in the server's order."""

    outputs: tuple[OutputFile, ...]
    cached: bool = False
    """True when every node was answered from the server's cache."""
    seconds: float | None = None
    warnings: tuple[str, ...] = ()


FailureCause: TypeAlias = Literal[
    "error", "out_of_memory", "stalled", "bad_output", "rejected", "lost"
]


@dataclass(frozen=True)
class Failed:
    """The server tried and failed, or gave something that is no image."""

    cause: FailureCause
    message: str
    node: str | None = None


@dataclass(frozen=True)
class Cancelled:
    """Stopped on request, by us or by somebody else."""


@dataclass(frozen=True)
class Lost:
    """Neither in the queue nor in the history: to be submitted again, never done."""


JobState: TypeAlias = Pending | Running | Done | Failed | Cancelled | Lost
FinalState: TypeAlias = Done | Failed | Cancelled | Lost


@dataclass(frozen=True)
class Progress:
    """A hint from the websocket, for bars and screens only."""

    prompt_id: str
    node: str | None = None
    step: int | None = None
    steps: int | None = None
    preview: bytes | None = None
    preview_format: str | None = None


@dataclass(frozen=True)
class EngineReceipt:
    """What the server says it is; kept in every sidecar."""

    kind: str
    """`comfyui` or `embedded`."""
    version: str
    host: str
    """A configured name, never an address with credentials or a machine path."""
    device: str | None = None
    python: str | None = None
    torch: str | None = None

    @property
    def engine(self) -> str:
        """What else than the graph decides the pixels: kind and version."""
        return f"{self.kind}/{self.version}"
