"""Where one job is: history, then queue, then history again.

Owns that order. A job can move from queue to history between two reads; only a job that
all three do not know is lost. "Not in the queue" alone never means that it is done.
"""

from dataclasses import dataclass

from darkroom.adapters.comfyui.states import pending_ids, read_history, read_queue, running_ids
from darkroom.adapters.comfyui.transport import Reply, Transport
from darkroom.core.jobs import FinalState, JobState, Lost


@dataclass(frozen=True)
class Look:
    """What the server knows of a job, and what else it is busy with."""

    state: JobState
    running: tuple[str, ...] = ()
    pending: int = 0


def look(transport: Transport, prompt_id: str, *, patiently: bool = True) -> Look:
    """Ask history, queue and history again; a read that fails is repeated if patient."""
    final = history_of(transport, prompt_id, patiently=patiently)
    if final is not None:
        return Look(final)
    queue = _read(transport, "/queue", patiently).json()
    standing = read_queue(queue, prompt_id)
    busy = (running_ids(queue), len(pending_ids(queue)))
    if standing is not None:
        return Look(standing, *busy)
    return Look(history_of(transport, prompt_id, patiently=patiently) or Lost(), *busy)


def history_of(
    transport: Transport, prompt_id: str, *, patiently: bool = True
) -> FinalState | None:
    """How the job ended, if its history entry is there; only ever this one entry is read."""
    return read_history(_read(transport, f"/history/{prompt_id}", patiently).json(), prompt_id)


def _read(transport: Transport, path: str, patiently: bool) -> Reply:
    reply = transport.get(path) if patiently else transport.get_once(path)
    return reply.expect_ok()
