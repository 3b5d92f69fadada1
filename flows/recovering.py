"""Flow runs of the worker whose process died go on without anybody asking.

Owns which flow runs are started again, how often at most, and the automations that have
`reconcile` look at once when that may be due. A run is started again only when its flow goes on
where it stopped, its process is provably gone, and what it carried is not over meanwhile.
"""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.events import AutomationCore, EventTrigger, Posture, ResourceSpecification
from prefect.events.actions import RunDeployment
from prefect.states import Completed, Crashed, Running, Scheduled

from darkroom.adapters.processes import environments
from darkroom.adapters.settings import read_lab
from darkroom.runs.checkpoint import read_checkpoint
from flows.environment import RUN_ID, WHOLE_LABORATORY
from flows.stuck import FOLDER, GONE, LATE, Record, read_record

DEPLOYMENT = "reconcile/default"
GOES_ON = frozenset(
    {"generate", "iterate", "refine", "experiment", "sync", "rescore", "embed", "verify"}
)
"""Flows that, carried out again, do what is left and nothing twice."""
STARTS = 4
"""The first, and three more: a run that kills its process must not do so for ever."""
_NOT_OLDER_THAN = timedelta(days=1)
_NOT_YET_THERE = timedelta(seconds=90)
_JUST_BEGUN = timedelta(seconds=10)


@dataclass
class Recovered:
    """What became of the flow runs that stood still, by name."""

    crashed: list[str] = field(default_factory=list[str])
    started_again: list[str] = field(default_factory=list[str])
    ended_before: list[str] = field(default_factory=list[str])
    """Their work was over; only Prefect did not know."""
    alive: list[str] = field(default_factory=list[str])
    """Taken for dead by the server, and at work."""
    given_up: list[str] = field(default_factory=list[str])
    """Crashed too often."""


def recover(client: SyncPrefectClient, home: Path, now: datetime | None = None) -> Recovered:
    """Look at every run that stands still, and have those go on that can."""
    moment = now or datetime.now(UTC)
    work = _Work(client, home, moment, _processes(home), Recovered())
    if os.environ.get(WHOLE_LABORATORY):
        for run in work.runs(StateType.RUNNING, StateType.PENDING):
            work.call_crashed(run)
    names: dict[UUID, str] = {}
    for run in work.runs(StateType.CRASHED):
        if run.flow_id not in names:
            names[run.flow_id] = client.read_flow(run.flow_id).name
        if names[run.flow_id] in GOES_ON:
            work.settle(run)
    return work.said


def _processes(home: Path) -> frozenset[str]:
    """The flow runs that processes of this machine carry out, for this home."""
    wanted = str(home)
    return frozenset(
        known[RUN_ID]
        for known in environments().values()
        if RUN_ID in known and known.get("DARKROOM_HOME") == wanted
    )


@dataclass
class _Work:
    """One look."""

    client: SyncPrefectClient
    home: Path
    now: datetime
    living: frozenset[str]
    said: Recovered

    def runs(self, *states: StateType) -> list[FlowRun]:
        """Runs of deployments, of late, in these states."""
        return self.client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(states))),
                deployment_id=FlowRunFilterDeploymentId(is_null_=False),
                expected_start_time=FlowRunFilterExpectedStartTime.model_validate(
                    {"after_": self.now - _NOT_OLDER_THAN}
                ),
            ),
            limit=200,
        )

    def call_crashed(self, run: FlowRun) -> None:
        """All workers are of this machine: without a process here there is none."""
        assert run.state is not None  # it was asked for by its state
        patience = _JUST_BEGUN if run.state.is_running() else _NOT_YET_THERE
        if self._lives(run) or self.now - run.state.timestamp < patience:
            return
        self._set(run, Crashed(message=GONE))
        self.said.crashed.append(run.name)

    def settle(self, run: FlowRun) -> None:
        """What is to come of a crashed run."""
        record = read_record(self.home / FOLDER / f"{run.id}.json")
        if self._lives(run) or (record is not None and not record.is_told and record.lives):
            self._set(run, Running(message="its process is alive"), force=True)
            self.said.alive.append(run.name)
        elif record is not None and self._is_over(record):
            self._set(run, Completed(message=LATE), force=True)
            self.said.ended_before.append(run.name)
        elif run.run_count >= STARTS:
            self.said.given_up.append(run.name)
        else:
            message = f"start {run.run_count + 1} of {STARTS} at most: its process had died"
            self._set(run, Scheduled(message=message), force=True)
            self.said.started_again.append(run.name)

    def _lives(self, run: FlowRun) -> bool:
        return str(run.id) in self.living

    def _is_over(self, record: Record) -> bool:
        """Whether what it carried came to its end, by this process or by another since."""
        if record.ended is not None:
            return record.ended == "completed"
        if record.carries is None:
            return False
        project, _, carried = record.carries.partition("/")
        checkpoint = read_checkpoint(read_lab()[0].projects / project)
        return checkpoint is None or checkpoint.run_id != carried or not checkpoint.is_open

    def _set(self, run: FlowRun, state: State, *, force: bool = False) -> None:
        self.client.set_flow_run_state(run.id, state, force=force)


def recoveries(client: SyncPrefectClient) -> tuple[AutomationCore, ...]:
    """Have `reconcile` look as soon as a run crashed that can go on, and when a worker begins."""
    deployment = client.read_deployment_by_name(DEPLOYMENT)
    look = RunDeployment(
        source="selected", deployment_id=deployment.id, parameters=None, job_variables=None
    )
    crashed = EventTrigger(
        expect={"prefect.flow-run.Crashed"},
        match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
        match_related=ResourceSpecification(
            {"prefect.resource.role": ["flow"], "prefect.resource.name": sorted(GOES_ON)}
        ),
        for_each={"prefect.resource.id"},
        posture=Posture.Reactive,
        threshold=1,
        within=timedelta(0),
    )
    began = EventTrigger(
        expect={"prefect.worker.started"},
        match=ResourceSpecification({"prefect.resource.id": ["prefect.worker.*"]}),
        posture=Posture.Reactive,
        threshold=1,
        within=timedelta(0),
    )
    return (
        AutomationCore(
            name="darkroom: go on with a run that crashed",
            description="Runs reconcile, which starts a crashed run again, a few times at most.",
            trigger=crashed,
            actions=[look],
        ),
        AutomationCore(
            name="darkroom: a worker looks at what another one left",
            description="Runs reconcile when a worker begins: the one before may have died.",
            trigger=began,
            actions=[look],
        ),
    )
