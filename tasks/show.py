"""Show a run in Prefect's own pages: a table of iterations, a bar, a closing report.

Owns the artifacts. They are a view: a Prefect server that does not take one changes
nothing in the run.
"""

from collections.abc import Generator
from contextlib import contextmanager, suppress

import httpx
from prefect import task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import PrefectException

from darkroom.adapters.stores.protocol import Store
from darkroom.core.errors import DarkroomError
from darkroom.runs.report import Line, RunReport, line_of, markdown_of
from darkroom.runs.run import Run
from darkroom.runs.telling import Said, tell

AWAY = (PrefectException, httpx.HTTPError, OSError, RuntimeError)


@task(name="show", cache_policy=NO_CACHE, persist_result=False)
def show(run: Run) -> None:
    """Write the table of iterations and the progress so far."""
    if not run.is_shown:
        return
    with _as_long_as_prefect_listens(run):
        key, store = _key(run), run.tools.desk.store
        table = [_row(line_of(item), store) for item in run.iterations]
        create_table_artifact(table, key=f"iterations-{key}", description=f"Run {key}")
        share = 100.0 * len(run.counted) / max(run.plan.budget, 1)
        create_progress_artifact(min(share, 100.0), key=f"progress-{key}", description="Budget")


@task(name="report", cache_policy=NO_CACHE, persist_result=False)
def show_report(run: Run, report: RunReport) -> None:
    """Write the closing report."""
    if not run.is_shown:
        return
    with _as_long_as_prefect_listens(run):
        create_markdown_artifact(markdown_of(report), key=f"report-{_key(run)}")


@contextmanager
def _as_long_as_prefect_listens(run: Run) -> Generator[None]:
    """A server that went away is not tried again: each try would cost a minute of patience."""
    try:
        yield
    except AWAY as error:
        run.is_shown = False
        tell(Said(f"Prefect takes no more tables of this run ({type(error).__name__})"))


def _key(run: Run) -> str:
    return f"{run.project.name}-{run.keys.run_id}".lower().replace("_", "-")


def _row(line: Line, store: Store) -> dict[str, object]:
    return {
        "iteration": line.iteration,
        "score": line.score,
        "failed": ", ".join(line.failed),
        "image": _link(line.image_key, store),
        "why": line.why,
        "failure": line.failure,
    }


def _link(key: str | None, store: Store) -> str | None:
    with suppress(DarkroomError):
        return f"[{key.rpartition('/')[2]}]({store.url_for(key)})" if key else None
    return key
