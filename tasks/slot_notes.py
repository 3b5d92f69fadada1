"""Slots of limits that processes of this machine hold, so that those of killed ones come back.

By itself Prefect frees what a killed process held once its lease has run out. Owns one small
note per slot held here: by it whoever looks on this machine gives the slot back at once. It is
given back only when its holder has provably ended; of other machines nothing is known.
"""

import json
import os
import platform
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.concurrency.context import ConcurrencyContext
from prefect.settings import get_current_settings

from darkroom.adapters.processes import has_ended, started_at

FOLDER = "slots"


@contextmanager
def leases_seen() -> Generator[list[UUID]]:
    """The leases that are granted inside; they stay held."""
    leases: list[UUID] = []
    with ConcurrencyContext() as seen:
        try:
            yield leases
        finally:
            leases += seen.cleanup_lease_ids
            seen.cleanup_lease_ids.clear()  # it would give them back
    if outer := ConcurrencyContext.get():
        outer.cleanup_lease_ids.extend(leases)  # as if we had not looked


def note(leases: list[UUID], stack: ExitStack) -> None:
    """Write down that this process holds them, until the stack is closed."""
    said = {"machine": platform.node(), "pid": os.getpid(), "began": started_at(os.getpid())}
    for lease in leases:
        file = _folder() / f"{lease}.json"
        stack.callback(_forget, file)
        with suppress(OSError):  # it comes back by itself, only later
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(said), encoding="utf-8")


def free_left(client: SyncPrefectClient) -> int:
    """Give back what processes of this machine held that are gone; says how many slots."""
    freed = 0
    for file in sorted(_folder().glob("*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            said = json.loads(file.read_text(encoding="utf-8"))
            if said["machine"] != platform.node():
                continue  # a folder that machines share
            if has_ended(int(said["pid"]), str(said["began"])):
                # twice does no harm, nor does a lease that has run out
                client.release_concurrency_slots_with_lease(lease_id=UUID(file.stem))
                _forget(file)
                freed += 1
    return freed


def _folder() -> Path:
    return get_current_settings().home / FOLDER


def _forget(file: Path) -> None:
    with suppress(OSError):
        file.unlink(missing_ok=True)
