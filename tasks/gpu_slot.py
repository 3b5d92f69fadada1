"""One flow run at a time draws on a server: Prefect's limit `gpu:<host>`, held while it draws.

Owns the limit's name, that it is there, and how it is held. What a killed process of this
machine held is given back before anybody waits; of other machines the lease, which is short, has
to run out. It is held for a batch: on SQLite an acquisition can take two seconds. The server
that a single command starts for itself knows of no other run, so nothing is asked of it.
ComfyUI queues by itself: a slot that cannot be had because Prefect does not answer costs order,
not images, and the drawing goes on.
"""

import platform
import re
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.responses import GlobalConcurrencyLimitResponse
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency
from prefect.settings import get_current_settings

from darkroom.core.config.fields import EMBEDDED
from darkroom.runs.telling import Said, tell
from tasks.limits import one_at_a_time
from tasks.listening import AWAY
from tasks.slot_notes import free_left, leases_seen, note

_NO_SLOT = (*AWAY, ConcurrencySlotAcquisitionError)
"""What asking for a slot may meet; the last one is what Prefect makes of all the others."""
LEASE_S = 60.0
"""The shortest that Prefect gives."""
FREED_WITHIN_S = LEASE_S + 15.0
"""Prefect looks for leases that have run out every quarter of a minute."""


def limit_of(host: str) -> str:
    """The name of a server's limit; each machine has an embedded engine of its own."""
    if host != EMBEDDED:
        return f"gpu:{host}"
    machine = re.sub(r"[^A-Za-z0-9._-]+", "-", platform.node())
    return f"gpu:{host}@{machine}" if machine else f"gpu:{host}"


def make_limit(client: SyncPrefectClient, host: str) -> GlobalConcurrencyLimitResponse:
    """Have the limit of a server; one that a person changed stays as it is."""
    return one_at_a_time(client, limit_of(host))


@contextmanager
def gpu_slot(host: str) -> Generator[None]:
    """Hold the server against other flow runs; waits while one of them draws on it."""
    with ExitStack() as stack:
        if _lives_on():
            try:
                _announce(host)
                stack.enter_context(_held(host))
            except _NO_SLOT as exc:
                tell(Said(f"{host} is drawn on without its slot: {type(exc).__name__}"))
        yield


def _lives_on() -> bool:
    """Whether the Prefect server is one that other runs use as well."""
    return get_current_settings().api.url is not None


def _announce(host: str) -> None:
    """Make the limit if need be, and say so if another run holds it; a changed one stays."""
    with get_client(sync_client=True) as client:
        found = make_limit(client, host)
        if found.active_slots >= found.limit and free_left(client):
            found = make_limit(client, host)
    if found.active_slots >= found.limit:
        killed = f"one killed on another machine lets go within {FREED_WITHIN_S:.0f} s"
        tell(Said(f"another run draws on {host}; waiting for it ({killed})"))


@contextmanager
def _held(host: str) -> Generator[None]:
    with ExitStack() as stack:
        notes = stack.enter_context(ExitStack())  # removed last, once the slot is given back
        with leases_seen() as leases:
            stack.enter_context(
                concurrency(
                    limit_of(host),
                    occupy=1,
                    strict=True,
                    lease_duration=LEASE_S,
                    raise_on_lease_renewal_failure=False,
                )
            )
        note(leases, notes)
        kept = stack.pop_all()
    try:
        yield
    finally:
        _let_go(kept)


def _let_go(kept: ExitStack) -> None:
    try:
        kept.close()
    except _NO_SLOT:
        return  # the lease ends by itself
