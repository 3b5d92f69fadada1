"""After any crash: jobs come to their end, and runs of the worker go on.

Owns the order: first what processes left, jobs and slots of servers, then the flow runs, which
find it settled. What becomes of a job is `darkroom.writepath.reconcile`'s, of a flow run
`flows.recovering`'s.
"""

import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from prefect import flow, get_run_logger
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound
from prefect.states import Scheduled

from blocks.connecting import connected
from darkroom.adapters.processes import held_lock
from darkroom.adapters.settings import open_lab
from darkroom.core.config.forms import Connections
from darkroom.core.notices import Notice
from darkroom.writepath.params import ReconcileParams
from darkroom.writepath.report import ReconcileReport
from flows.environment import PREFECT_HOME
from flows.recovering import DEPLOYMENT, STARTS, Recovered, recover
from flows.stuck import FOLDER, call_crashed
from flows.unbegun import HERE
from tasks.notify import is_heard, notify, page
from tasks.reconcile_jobs import reconcile_jobs
from tasks.slot_notes import free_left

_WAIT_S = 60.0


@dataclass(frozen=True)
class Reconciled:
    """What was found, and what became of it."""

    jobs: tuple[ReconcileReport, ...]
    runs: Recovered


@flow(
    name="reconcile",
    description="Bring to an end what processes that died left, and have their runs go on.",
    persist_result=False,
    log_prints=False,
)
def reconcile(
    options: ReconcileParams = ReconcileParams(),  # noqa: B008 - it is frozen
    connections: Connections = Connections(),  # noqa: B008 - it is frozen
) -> Reconciled:
    """Settle jobs, then flow runs; doing it again changes nothing.

    Args:
        options: How far to go; every field may be left as it is.
        connections: Blocks of this Prefect server that the run uses.
    """
    home = open_lab().home
    with connected(connections):
        jobs = reconcile_jobs(options.project, options.options)
    call_crashed(home / FOLDER)
    runs = Recovered()
    with get_client(sync_client=True) as client:
        free_left(client)
        if options.go_on:
            runs = _recovered(client, home)
    _say(jobs, runs)
    return Reconciled(jobs, runs)


def _recovered(client: SyncPrefectClient, home: Path) -> Recovered:
    """Two that look at the same moment would both give a run up, and tell it twice."""
    file = home / PREFECT_HOME / "recovering.lock"
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with held_lock(file, time.monotonic() + _WAIT_S, TimeoutError):
            runs = recover(client, home, on_given_up=_tell_given_up)
    except TimeoutError:
        return Recovered()  # whoever holds it does the same
    if runs.too_early or runs.started_again:  # the event of its next crash may be lost
        _look_again(client)
    return runs


def _look_again(client: SyncPrefectClient) -> None:
    """Once it can be told whether they began; however many ask for that, once."""
    at = datetime.now(UTC) + HERE
    with suppress(ObjectNotFound):  # not deployed there
        client.create_flow_run_from_deployment(
            client.read_deployment_by_name(DEPLOYMENT).id,
            state=Scheduled(scheduled_time=at),
            idempotency_key=f"look-again-{int(at.timestamp() // HERE.total_seconds())}",
        )


def _tell_given_up(run: FlowRun, flow_name: str) -> None:
    """Its process cannot tell any more, and nobody starts it again."""
    project = run.parameters.get("project")
    reason = f"its process died {STARTS} times; it is not started again"
    if is_heard():
        told = project if isinstance(project, str) else None
        link = page(str(run.id))
        notice = Notice("failed", flow_name, told, None, "given-up", reason, link=link)
        if problem := notify(notice):
            get_run_logger().warning("nobody could be told of %s: %s", run.name, problem)


def _say(jobs: tuple[ReconcileReport, ...], runs: Recovered) -> None:
    logger = get_run_logger()
    for report in jobs:
        for finding in report.findings:
            logger.info("%s %s %s", finding.kind, finding.key, finding.reason)
    for kind, names in asdict(runs).items():
        for name in names:
            logger.info("flow run %s: %s", name, kind.replace("_", " "))
