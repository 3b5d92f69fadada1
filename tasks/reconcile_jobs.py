"""Bring jobs to an end that processes which died had begun."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.adapters.settings import open_lab
from darkroom.core.errors import UsageError
from darkroom.writepath.opening import reconcile_lab
from darkroom.writepath.reconcile import ReconcileOptions
from darkroom.writepath.report import ReconcileReport

_LEFT = ReconcileOptions(wait=False, only_left=True)


@task(name="reconcile", cache_policy=NO_CACHE, persist_result=False)
def reconcile_jobs(
    project: str | None = None, options: ReconcileOptions = _LEFT
) -> tuple[ReconcileReport, ...]:
    """One project or all; where another process reconciles just now, nothing."""
    try:
        return reconcile_lab(open_lab(), project, options)
    except UsageError as error:
        if error.code != "lock-busy":
            raise
        return ()
