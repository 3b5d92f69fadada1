"""Flow runs of the worker whose process died go on without anybody asking.

Owns which flow runs are started again, how often at most, and the automations that have
`reconcile` look at once when that may be due. A run is started again only when its flow goes on
where it stopped, its process is provably gone, and what it carried is not over meanwhile.
"""

import os
from collections.abc import Callable
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
from flows.laboratory import worker_began
from flows.stuck import FOLDER, GONE, LATE, Record, read_record
from flows.unbegun import ANYWHERE, HERE, NEVER_BEGAN, NEVER_RAN, Unbegun

DEPLOYMENT = "reconcile/default"
GOES_ON = frozenset(
    {"generate", "iterate", "refine", "experiment", "sync", "rescore", "embed", "verify"}
)
"""Flows that, carried out again, do what is left and nothing twice."""
STARTS = 4
"""The first, and three more: a run that kills its process must not do so for ever."""
GIVEN_UP = "GivenUp"
"""The name of the state of a crashed run that is not started again; people are told of it."""
_NOT_OLDER_THAN = timedelta(days=1)


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
    too_early: list[str] = field(default_factory=list[str])
    """Just begun, and no process yet: somebody has to look again."""


def recover(
    client: SyncPrefectClient,
    home: Path,
    now: datetime | None = None,
    on_given_up: Callable[[FlowRun, str], None] = lambda _run, _flow: None,
) -> Recovered:
    """Look at every run that stands still, and have those go on that can.

    `on_given_up` hears of each that does not any more, once, with its flow's name.
    """
    moment = now or datetime.now(UTC)
    work = _Work(client, home, moment, on_given_up, worker_began(home))
    work.call_crashed()
    names: dict[UUID, str] = {}
    for run in work.runs(StateType.CRASHED):
        if run.state is not None and run.state.name == GIVEN_UP:
            continue  # until a person has it carried out again
        if run.flow_id not in names:
            names[run.flow_id] = client.read_flow(run.flow_id).name
        if names[run.flow_id] in GOES_ON or _never_began(run, names[run.flow_id]):
            work.settle(run, names[run.flow_id])
    return work.said


def _never_began(run: FlowRun, flow: str) -> bool:
    if f"{flow}/default" == DEPLOYMENT or run.state is None:
        return False  # it is run often enough
    return run.run_count == 0 and run.state.message == NEVER_BEGAN


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
    on_given_up: Callable[[FlowRun, str], None]
    worker_began: datetime | None
    """When the one worker that there is began, where that is known."""
    said: Recovered = field(default_factory=Recovered)
    living: frozenset[str] = frozenset()
    """Flow runs that processes of this machine carried out at the last question."""

    def runs(self, *states: StateType, deployed: bool = True) -> list[FlowRun]:
        """Runs of deployments, or those that commands began, of late, in these states."""
        found = self.client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(states))),
                deployment_id=FlowRunFilterDeploymentId(is_null_=not deployed),
                expected_start_time=FlowRunFilterExpectedStartTime.model_validate(
                    {"after_": self.now - _NOT_OLDER_THAN}
                ),
            ),
            limit=200,
        )
        # after the question: whoever said in between that it runs has a process by now
        self.living = _processes(self.home)
        return found

    def call_crashed(self) -> None:
        """Find those that nobody carries out although Prefect says so."""
        for run in self.runs(StateType.PENDING, deployed=False):
            assert run.state is not None  # it was asked for by its state
            if self.now - run.state.timestamp > ANYWHERE:  # a command begins what it made at once
                self._crashed(run, NEVER_RAN)
        if os.environ.get(WHOLE_LABORATORY):
            for run in self.runs(StateType.RUNNING, StateType.PENDING):
                self._call_crashed_here(run)
            return
        unbegun = Unbegun(self.client, self.now)
        for run in self.runs(StateType.PENDING):
            if not self._lives(run) and unbegun.has(run):
                self._crashed(run, NEVER_BEGAN)

    def _call_crashed_here(self, run: FlowRun) -> None:
        """All workers are of this machine: without a process here there is none."""
        assert run.state is not None  # it was asked for by its state
        if self._lives(run):
            return
        if run.state.is_running():  # by its own word, so there was a process
            self._crashed(run, GONE)
        elif self._taker_is_gone(run.state) or self.now - run.state.timestamp >= HERE:
            self._crashed(run, NEVER_BEGAN)
        else:
            self.said.too_early.append(run.name)

    def _taker_is_gone(self, pending: State) -> bool:
        """Whether it was taken before the worker of this machine began: by one that has ended."""
        return self.worker_began is not None and pending.timestamp < self.worker_began

    def _crashed(self, run: FlowRun, why: str) -> None:
        self._set(run, Crashed(message=why))
        self.said.crashed.append(run.name)

    def settle(self, run: FlowRun, flow: str) -> None:
        """What is to come of a crashed run."""
        record = read_record(self.home / FOLDER / f"{run.id}.json")
        if self._lives(run) or (record is not None and not record.is_told and record.lives):
            self._set(run, Running(message="its process is alive"), force=True)
            self.said.alive.append(run.name)
        elif record is not None and self._is_over(record):
            self._set(run, Completed(message=LATE), force=True)
            self.said.ended_before.append(run.name)
        elif (starts := self._starts(run)) >= STARTS:
            message = f"its process died {starts} times: a person has to look"
            self._set(run, Crashed(name=GIVEN_UP, message=message), force=True)
            self.said.given_up.append(run.name)
            self.on_given_up(run, flow)
        else:
            message = f"start {starts + 1} of {STARTS} at most: its process had died"
            self._set(run, Scheduled(message=message), force=True)
            self.said.started_again.append(run.name)

    def _starts(self, run: FlowRun) -> int:
        """How often a worker took it; Prefect itself counts only those that began."""
        states = self.client.read_flow_run_states(run.id)
        return max(run.run_count, sum(state.name == "Pending" for state in states))

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
