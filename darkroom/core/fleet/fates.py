"""What becomes of an order that came to no image: where it goes next, or why it ends.

Owns three rules. A lost job moves to another server; one that was lost twice while it ran
is poison and goes nowhere. Memory that ran out is freed, and the job tried once more. A
server that refuses a graph is one server: another may have the model.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

MOST_LOSSES = 2
"""Lost so often while it ran, a job is taken to be what stops the servers."""
MOST_MOVES = 10
"""However innocent, no job is passed on more often than this."""
MEMORY_RETRIES = 1

LossCause: TypeAlias = Literal["lost", "stalled", "away"]
"""The server forgot it; it went nowhere; the server itself is away."""


@dataclass(frozen=True)
class Loss:
    """How a submission was lost."""

    cause: LossCause
    ran: bool = True
    """False where another job was before it in the queue: then it stopped nothing."""


@dataclass(frozen=True)
class Tries:
    """What an order has behind it."""

    moves: int = 0
    memory: int = 0
    """How often memory ran out."""


@dataclass(frozen=True)
class Elsewhere:
    """Back among the orders; rather not to the same server."""


@dataclass(frozen=True)
class AfterFreeing:
    """Once more, after the server has let its models and caches go."""


@dataclass(frozen=True)
class Refer:
    """Back among the orders, for the servers that have not refused it."""


@dataclass(frozen=True)
class Poison:
    """Never again, until a person releases it."""

    reason: str


@dataclass(frozen=True)
class Final:
    """It stays as it ended."""


def is_poison(loss: Loss, counted_before: int, most: int = MOST_LOSSES) -> bool:
    """Whether this loss is one too many; only losses of a running job count."""
    return loss.ran and counted_before + 1 >= most


def fate_of_loss(tries: Tries) -> Elsewhere | Final:
    """Where a lost order goes that is no poison."""
    return Elsewhere() if tries.moves < MOST_MOVES else Final()


def fate_of_failure(cause: str, tries: Tries, *, others_can: bool) -> AfterFreeing | Refer | Final:
    """What follows from a failure; `others_can`: a server that has not refused it may draw it."""
    match cause:
        case "out_of_memory" if tries.memory < MEMORY_RETRIES:
            return AfterFreeing()
        case "rejected" if others_can:
            return Refer()
        case _:
            return Final()


def harms_host(cause: LossCause) -> bool:
    """Whether the server is to be left alone for a while; one that forgot is back already."""
    return cause != "lost"
