"""Flow runs that a worker took and never began.

A worker that dies between taking a run and starting its process leaves it Pending for ever: it
never gave a sign of life, so none is missed. Owns how such a run is told from one that is slow
to begin: by what its worker, whose name Prefect keeps with the run, says of itself since.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, Worker
from prefect.exceptions import ObjectNotFound

NEVER_BEGAN = "the worker that had taken it was gone before it began"
NEVER_RAN = "the command that had made it was gone before it began"
TAKEN_BY = "prefect.worker.name"
"""The label by which Prefect says which worker took a run."""
MY_WORKER = "PREFECT__WORKER_NAME"
"""How Prefect tells a process which worker started it."""
HERE = timedelta(seconds=90)
"""So long a process of this machine may take to appear."""
SILENT = timedelta(seconds=120)
"""Its worker missed three heartbeats."""
ANYWHERE = timedelta(minutes=10)
"""No worker takes a run before it has room for it, so none needs that long."""
_MISSED = 3
_HEARTBEAT_S = 30


@dataclass
class Unbegun:
    """One look at runs that are Pending; each pool is asked for its workers once."""

    client: SyncPrefectClient
    now: datetime
    pools: dict[str, Mapping[str, Worker]] = field(default_factory=dict[str, Mapping[str, Worker]])

    def has(self, run: FlowRun) -> bool:
        """Whether nobody will begin this run, which no process of this machine carries out."""
        assert run.state is not None  # it was asked for by its state
        waits = self.now - run.state.timestamp
        taken_by = run.labels.get(TAKEN_BY)
        if taken_by is not None and taken_by == os.environ.get(MY_WORKER):
            return waits > HERE
        if taken_by is not None and self._is_silent(run.work_pool_name, str(taken_by)):
            return waits > SILENT
        return waits > ANYWHERE

    def _is_silent(self, pool: str | None, name: str) -> bool:
        if pool is None:
            return False
        if pool not in self.pools:
            self.pools[pool] = self._workers(pool)
        worker = self.pools[pool].get(name)
        if worker is None or worker.last_heartbeat_time is None:
            return True
        every_s = worker.heartbeat_interval_seconds or _HEARTBEAT_S
        heard = worker.last_heartbeat_time.astimezone(UTC)
        return self.now - heard > timedelta(seconds=_MISSED * every_s)

    def _workers(self, pool: str) -> Mapping[str, Worker]:
        try:
            return {each.name: each for each in self.client.read_workers_for_work_pool(pool)}
        except ObjectNotFound:
            return {}
