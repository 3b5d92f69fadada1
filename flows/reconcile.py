"""After any crash: jobs come to their end, and runs of the worker go on.

Owns the order: first what processes left, then the flow runs, which find it settled. What
becomes of a job is `darkroom.writepath.reconcile`'s, of a flow run `flows.recovering`'s.
"""

from dataclasses import asdict, dataclass

from prefect import flow, get_run_logger
from prefect.client.orchestration import get_client

from blocks.connecting import connected
from darkroom.adapters.settings import open_lab
from darkroom.core.config.forms import Connections
from darkroom.writepath.params import ReconcileParams
from darkroom.writepath.report import ReconcileReport
from flows.recovering import Recovered, recover
from flows.stuck import FOLDER, call_crashed
from tasks.reconcile_jobs import reconcile_jobs


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
    if options.go_on:
        with get_client(sync_client=True) as client:
            runs = recover(client, home)
    _say(jobs, runs)
    return Reconciled(jobs, runs)


def _say(jobs: tuple[ReconcileReport, ...], runs: Recovered) -> None:
    logger = get_run_logger()
    for report in jobs:
        for finding in report.findings:
            logger.info("%s %s %s", finding.kind, finding.key, finding.reason)
    for kind, names in asdict(runs).items():
        for name in names:
            logger.info("flow run %s: %s", name, kind.replace("_", " "))
