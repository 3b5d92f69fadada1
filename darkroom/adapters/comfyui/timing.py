"""How long each step may take: every patience of the client in one frozen record.

Owns numbers only. Tests hand in short ones; nothing else in the package knows a duration.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Patience in seconds; the values fit a server on the same network."""

    connect_s: float = 5.0
    submit_s: float = 30.0
    """A server validates the whole graph before it answers."""
    read_s: float = 10.0
    """One answer about queue, history or the server itself."""
    catalogue_s: float = 60.0
    """`/object_info` lists every class and file of the server."""
    transfer_s: float = 60.0
    """Between two pieces of an image on its way."""
    get_attempts: int = 3
    retry_pause_s: float = 0.25
    resubmit_pauses_s: tuple[float, ...] = (0.5, 2.0)
    """Before each further POST of a job that neither queue nor history knows."""

    socket_ready_s: float = 3.0
    """Until the server's first `status` message."""
    socket_ping_s: float = 20.0
    socket_idle_s: float = 50.0
    """A socket that answers no ping for so long is dead."""
    socket_retry_s: tuple[float, ...] = (0.5, 1.0, 2.0, 5.0, 10.0)
    """Before each reconnection, with jitter; the last one repeats."""
    socket_off_s: float = 60.0
    """After a server took no socket at all, how long none is tried."""
    slice_s: float = 0.2
    """How soon a wait notices that its job was cancelled by another thread."""

    poll_s: float = 4.0
    """Between looks at history and queue beside a socket that speaks."""
    poll_beside_doubt_s: float = 2.0
    """The same after a reconnection, when a socket may be deaf."""
    poll_alone_s: tuple[float, ...] = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
    """Between looks when there is no socket; the last one repeats."""
    history_pauses_s: tuple[float, ...] = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)
    """Between reads of a history that is written after the end was announced."""
    confirm_lost_s: float = 1.0
    """A job seen nowhere is looked for once more after this."""

    stall_s: float = 300.0
    """Without any progress of a job that had some."""
    first_progress_s: float = 900.0
    """Before the first sign of progress: models are loaded then, others may be ahead."""
    unheard_s: float = 3600.0
    """While it runs and no websocket tells of progress."""
    zombie_s: float = 120.0
    """Jobs pending while none runs: the server's worker is dead."""
    outage_s: float = 120.0
    """A server that does not answer may come back within this."""
    longest_s: float | None = None
    """The whole of one job, from the moment it is waited for."""
    cancel_settle_s: float = 1.0
    """Until a stop shows in the history; it acts between two steps only."""

    def nth(self, pauses: tuple[float, ...], index: int) -> float:
        """The pause before attempt `index`; the last one repeats."""
        return pauses[min(index, len(pauses) - 1)]
