"""One flow run at a time draws on a server: Prefect's limit `gpu:<host>`, held while it draws.

Owns the limit's name, that it is there, and how it is held. What a killed process of this
machine held is given back before anybody waits; of other machines the lease, which is short, has
to run out. It is held for a batch: on SQLite an acquisition can take two seconds. Who waits
stands in a line, the limit `gpu:<host>:next`: a run that asks for the slot again and again
has to stand in it as well, once it has had the server for a while, and so lets the other by.
The server that a single command starts for itself knows of no other run, so nothing is asked of
it. ComfyUI queues by itself: a slot that cannot be had because Prefect does not answer costs
order, not images, and the drawing goes on.
"""

import platform
import re
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.responses import GlobalConcurrencyLimitResponse
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectNotFound
from prefect.runtime import flow_run
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
TURN_S = 30.0
"""So long a run may come back to a server before it lets one by that waits."""
_ASK_AGAIN_S = 1.0
"""Prefect itself would leave a server idle for up to half a minute between two runs."""
_TAKEN = 423
_turns: dict[tuple[str | None, str], float] = {}
"""Since when a run of this process has had a server without anybody let by."""


def limit_of(host: str) -> str:
    """The name of a server's limit; each machine has an embedded engine of its own."""
    if host != EMBEDDED:
        return f"gpu:{host}"
    machine = re.sub(r"[^A-Za-z0-9._-]+", "-", platform.node())
    return f"gpu:{host}@{machine}" if machine else f"gpu:{host}"


def make_limit(client: SyncPrefectClient, host: str) -> GlobalConcurrencyLimitResponse:
    """Have the limit of a server; one that a person changed stays as it is."""
    return one_at_a_time(client, limit_of(host))


def line_of(host: str) -> str:
    """The name of the line before a server, made when somebody first has to wait."""
    return f"{limit_of(host)}:next"


@contextmanager
def gpu_slot(host: str) -> Generator[None]:
    """Hold the server against other flow runs; waits while one of them draws on it."""
    with ExitStack() as stack:
        if _lives_on():
            try:
                with _in_line(host):
                    stack.enter_context(_held(limit_of(host)))
            except _NO_SLOT as exc:
                tell(Said(f"{host} is drawn on without its slot: {type(exc).__name__}"))
        yield


def _lives_on() -> bool:
    """Whether the Prefect server is one that other runs use as well."""
    return bool(get_current_settings().api.url)  # a command with one of its own names it ""


@contextmanager
def _in_line(host: str) -> Generator[None]:
    """Stand in line for as long as this is open, if there is one."""
    run = flow_run.get_id(), host
    if not _must_wait(host, time.monotonic() - _turns.get(run, -TURN_S)):
        yield
        return
    with _held(line_of(host)):
        yield
    _turns[run] = time.monotonic()


def _must_wait(host: str, had_s: float) -> bool:
    """Make the limit if need be; whether there is a line to stand in, which is said."""
    with get_client(sync_client=True) as client:
        found = make_limit(client, host)
        if found.active_slots >= found.limit and free_left(client):
            found = make_limit(client, host)
        if found.active_slots >= found.limit:
            one_at_a_time(client, line_of(host))
            killed = f"one killed on another machine lets go within {FREED_WITHIN_S:.0f} s"
            tell(Said(f"another run draws on {host}; waiting for it ({killed})"))
            return True
        if not _is_line(client, host):
            _turns[flow_run.get_id(), host] = time.monotonic()  # nobody was kept waiting
            return False
    return had_s >= TURN_S


def _is_line(client: SyncPrefectClient, host: str) -> bool:
    try:
        found = client.read_global_concurrency_limit_by_name(line_of(host))
        if found.active_slots and free_left(client):
            found = client.read_global_concurrency_limit_by_name(line_of(host))
    except ObjectNotFound:
        return False  # nobody ever had to wait
    return found.active_slots > 0


@contextmanager
def _held(limit: str) -> Generator[None]:
    with ExitStack() as stack:
        notes = stack.enter_context(ExitStack())  # removed last, once the slot is given back
        with leases_seen() as leases:
            _take(limit, stack)
        note(leases, notes)
        kept = stack.pop_all()
    try:
        yield
    finally:
        _let_go(kept)


def _take(limit: str, stack: ExitStack) -> None:
    while True:
        try:
            stack.enter_context(
                concurrency(
                    limit,
                    occupy=1,
                    strict=True,
                    max_retries=0,
                    lease_duration=LEASE_S,
                    raise_on_lease_renewal_failure=False,
                )
            )
        except ConcurrencySlotAcquisitionError as error:
            cause = error.__cause__
            if not (isinstance(cause, httpx.HTTPStatusError) and _is_taken(cause.response)):
                raise
            time.sleep(_ASK_AGAIN_S)
        else:
            return


def _is_taken(answer: httpx.Response) -> bool:
    return answer.status_code == _TAKEN


def _let_go(kept: ExitStack) -> None:
    try:
        kept.close()
    except _NO_SLOT:
        return  # the lease ends by itself
