"""Flow runs that Prefect believes to be running although their process is gone.

A killed process cannot tell Prefect that it has ended, and Prefect alone never finds
out. Owns one small record per flow run of this laboratory on this machine, and calls a
flow run crashed only when it can prove that the very process that carried it out has ended.
"""

import json
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.runtime import flow_run
from prefect.states import Crashed

from darkroom.adapters.processes import has_ended, started_at

FOLDER = ".darkroom/prefect/runs"
GONE = "its process is gone; the same command continues the run"


@contextmanager
def known_as_running(home: Path) -> Generator[None]:
    """Record that this process carries the present flow run out, and tell of those that ended."""
    name = flow_run.get_id()
    if name is None:  # nobody schedules it, so nobody can be left in the dark
        yield
        return
    folder = home / FOLDER
    record = folder / f"{name}.json"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        call_crashed(folder)
        said = {"pid": os.getpid(), "began": started_at(os.getpid())}
        record.write_text(json.dumps(said), encoding="utf-8")
    try:
        yield
    finally:
        with suppress(OSError):
            record.unlink(missing_ok=True)


def call_crashed(folder: Path) -> int:
    """Have Prefect know which flow runs are not running any more; says how many there were."""
    ended = [record for record in sorted(folder.glob("*.json")) if _is_over(record)]
    told = 0
    with suppress(httpx.HTTPError, PrefectException, RuntimeError):
        for record in ended:
            with get_client(sync_client=True) as client:
                told += _told(client, record)
            record.unlink(missing_ok=True)
    return told


def _is_over(record: Path) -> bool:
    try:
        said = json.loads(record.read_text(encoding="utf-8"))
        return has_ended(int(said["pid"]), str(said["began"]))
    except (OSError, ValueError, KeyError, TypeError):
        return True


def _told(client: SyncPrefectClient, record: Path) -> bool:
    with suppress(ObjectNotFound, ValueError):  # another server's, or no record of ours
        name = UUID(record.stem)
        state = client.read_flow_run(name).state
        if state is None or not state.is_final():
            client.set_flow_run_state(name, Crashed(message=GONE), force=True)
            return True
    return False
