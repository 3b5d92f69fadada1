"""Flow runs that Prefect believes to be running although their process is gone.

A killed process cannot tell Prefect that it has ended, and Prefect alone never finds
out. Owns one small record per flow run of this laboratory on this machine: who carries it
out, which run of a project that is, and how it ended where Prefect could not be told. A
flow run is called crashed only when the very process that carried it out has provably ended.
"""

import json
import os
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.runtime import flow_run
from prefect.states import Completed, Crashed, Failed

from darkroom.adapters.processes import has_ended, started_at
from darkroom.runs.params import IterateParams
from tasks.notify import STOPPED

FOLDER = ".darkroom/prefect/runs"
GONE = "its process is gone; the same command continues the run"
LATE = "it ended while the Prefect server was away"
_ASK_WITHIN_S = 5.0
_REMEMBERED_S = 7 * 86_400.0
Ending = Literal["completed", "failed"]


@dataclass(frozen=True)
class Record:
    """One flow run of this machine."""

    pid: int
    began: str
    carries: str | None = None
    """`<project>/<run id>`: what a later process of the same flow run goes on with."""
    ended: Ending | None = None
    """How it ended, where Prefect was away at that moment."""
    is_told: bool = False
    """Prefect knows that the process is gone."""

    @property
    def lives(self) -> bool:
        """Whether the process that carries it out is there."""
        return not has_ended(self.pid, self.began)

    def write(self, file: Path) -> None:
        """Replace the file as a whole."""
        staged = file.with_suffix(".part")
        staged.write_text(json.dumps(asdict(self)), encoding="utf-8")
        staged.replace(file)


def read_record(file: Path) -> Record | None:
    """A record as it was written; None where nothing readable lies there."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        return Record(**{**said, "pid": int(said["pid"]), "began": str(said["began"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def known_as_running(home: Path, carries: str | None = None) -> Generator[None]:
    """Record that this process carries the present flow run out, and tell of those that ended."""
    name = flow_run.get_id()
    if name is None:  # nobody schedules it, so nobody can be left in the dark
        yield
        return
    folder = home / FOLDER
    file = folder / f"{name}.json"
    record = Record(os.getpid(), started_at(os.getpid()) or "", carries)
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        call_crashed(folder)
        record.write(file)
    try:
        yield
    except STOPPED:
        raise  # it is not over: the record stays, and says with what to go on
    except BaseException:
        _ends(file, replace(record, ended="failed"))
        raise
    _ends(file, replace(record, ended="completed"))


def begin_to_run(home: Path) -> None:
    """Record this process before it is known what it will carry; what is known stays."""
    if (name := flow_run.get_id()) is None:
        return
    file = home / FOLDER / f"{name}.json"
    before = read_record(file)
    carries = before.carries if before else None
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        Record(os.getpid(), started_at(os.getpid()) or "", carries).write(file)


def _ends(file: Path, record: Record) -> None:
    """Prefect hears it from us by the flow's own end, else by the record."""
    with suppress(OSError):
        if _is_heard():
            file.unlink(missing_ok=True)
        else:
            record.write(file)


def _is_heard() -> bool:
    """Whether the server can be told now how the flow run ends."""
    with (
        suppress(httpx.HTTPError, PrefectException, RuntimeError),
        get_client(sync_client=True, httpx_settings={"timeout": _ASK_WITHIN_S}) as client,
    ):
        return client.api_healthcheck() is None
    return False


def going_on(params: IterateParams, home: Path) -> IterateParams:
    """The same, for a flow run that is carried out again: the run it began goes on."""
    name = flow_run.get_id()
    before = read_record(home / FOLDER / f"{name}.json") if name else None
    if before is None or before.carries is None:
        return params
    begun = {"reset": False, "resume_from": None, "seed_from_ranking": None}
    return params.model_copy(update=begun)


def call_crashed(folder: Path) -> int:
    """Have Prefect know which flow runs are not running any more; says how many there were."""
    told = 0
    with suppress(httpx.HTTPError, PrefectException, RuntimeError):
        for file in sorted(folder.glob("*.json")):
            record = read_record(file)
            if record is not None and record.is_told:
                _forget_old(file)
            elif record is None or not record.lives:
                told += _settle(file, record)
    return told


def _settle(file: Path, record: Record | None) -> bool:
    """Tell how it ended; what a worker may go on with is remembered."""
    with get_client(sync_client=True) as client:
        run = _known(client, file.stem)
        told = run is not None and _told(client, run, ending_of(record))
    if record is None or record.ended or not (record.carries and run and run.deployment_id):
        file.unlink(missing_ok=True)
    else:
        replace(record, is_told=True).write(file)
    return told


def _forget_old(file: Path) -> None:
    with suppress(OSError):
        if time.time() - file.stat().st_mtime > _REMEMBERED_S:
            file.unlink()


def ending_of(record: Record | None) -> State:
    """What Prefect is to believe of a flow run whose process is gone."""
    match record.ended if record else None:
        case "completed":
            return Completed(message=LATE)
        case "failed":
            return Failed(message=LATE)
        case None:
            return Crashed(message=GONE)


def _known(client: SyncPrefectClient, name: str) -> FlowRun | None:
    """The flow run, unless it is another server's or the record none of ours."""
    with suppress(ObjectNotFound, ValueError):
        return client.read_flow_run(UUID(name))
    return None


def _told(client: SyncPrefectClient, run: FlowRun, ending: State) -> bool:
    state = run.state
    is_open = state is None or not state.is_final()
    if is_open or (state and state.is_crashed() and not ending.is_crashed()):
        client.set_flow_run_state(run.id, ending, force=True)
        return True
    return False
