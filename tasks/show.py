"""Show a run in Prefect's own pages: a table of iterations, a bar, a closing report.

Owns the artifacts. They are a view: a Prefect server that does not take one changes
nothing in the run, and is not tried again, because each try would cost a minute of patience.
"""

from functools import partial

from prefect import task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
)
from prefect.cache_policies import NO_CACHE

from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.viewing import how_to_see, link, picture
from darkroom.runs.report import Line, RunReport, line_of, markdown_of
from darkroom.runs.run import Run
from tasks.listening import if_prefect_listens


@task(name="show", cache_policy=NO_CACHE, persist_result=False)
def show(run: Run) -> None:
    """Write the table of iterations and the progress so far."""
    if not run.is_shown:
        return
    with if_prefect_listens(partial(_shows_no_more, run)):
        key, store = _key(run), run.tools.desk.store
        table = [_row(line_of(item), store) for item in run.iterations]
        create_table_artifact(table, key=f"iterations-{key}", description=_about(run, store))
        share = 100.0 * len(run.counted) / max(run.plan.budget, 1)
        create_progress_artifact(min(share, 100.0), key=f"progress-{key}", description="Budget")


@task(name="report", cache_policy=NO_CACHE, persist_result=False)
def show_report(run: Run, report: RunReport) -> None:
    """Write the closing report, with the best image in it."""
    if not run.is_shown:
        return
    with if_prefect_listens(partial(_shows_no_more, run)):
        store, image = run.tools.desk.store, report.image_key
        parts = (markdown_of(report), picture(store, image), how_to_see(store, image))
        text = "\n\n".join(part for part in parts if part)
        create_markdown_artifact(text, key=f"report-{_key(run)}", description=report.reason)


def _shows_no_more(run: Run) -> None:
    run.is_shown = False


def _about(run: Run, store: Store) -> str:
    first = next((item.image.key for item in run.iterations if item.image), None)
    return f"Run {run.project.name}/{run.keys.run_id}. {how_to_see(store, first)}"


def _key(run: Run) -> str:
    return f"{run.project.name}-{run.keys.run_id}".lower().replace("_", "-")


def _row(line: Line, store: Store) -> dict[str, object]:
    return {
        "iteration": line.iteration,
        "score": None if line.score is None else round(line.score, 1),
        "failed": line.failure or ", ".join(line.failed),
        "why": line.why,
        "image": link(store, line.image_key),
    }
