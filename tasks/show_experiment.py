"""Show an experiment in Prefect's own pages: its cells, the best first, and at the end its grid.

Owns the artifacts. They are a view: a server that does not take one changes nothing.
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
from darkroom.core.errors import StoreError
from darkroom.core.experiments.grid_slots import Gathered
from darkroom.experiments.grid_report import MOST_ROWS, markdown, store_sheet
from darkroom.experiments.report import CellLine, Report, interval_of, shown_labels
from darkroom.experiments.running import Work
from darkroom.runs.telling import Said, tell
from tasks.listening import if_prefect_listens


@task(name="show experiment", cache_policy=NO_CACHE, persist_result=False)
def show_experiment(work: Work) -> None:
    """Write the table of cells and the progress so far."""
    if not work.is_shown:
        return
    with if_prefect_listens(partial(_shows_no_more, work)):
        report, store = work.standing(), work.opened.desk.store
        key = _key(report)
        # kept anew each time: a long table would fill Prefect's database
        table = [_row(line, store) for line in report.cells[:MOST_ROWS]]
        create_table_artifact(table, key=key, description=_about(report, store))
        share = 100.0 * report.images / max(report.wanted, 1)
        create_progress_artifact(min(share, 100.0), key=f"{key}-progress", description="Images")


@task(name="show grid", cache_policy=NO_CACHE, persist_result=False)
def show_grid(work: Work, report: Report) -> None:
    """Write the closing report: the cells, the front of two objectives, and the grid's sheet."""
    if not work.is_shown or not report.images:
        return
    with if_prefect_listens(partial(_shows_no_more, work)):
        told = work.gathered(report)
        parts = (markdown(told), *_sheet(told, work))
        text = "\n\n".join(part for part in parts if part)
        create_markdown_artifact(text, key=f"{_key(report)}-report", description=report.name)


def _sheet(told: Gathered, work: Work) -> tuple[str, ...]:
    """The grid as a picture; a store that does not take it costs the experiment nothing."""
    store = work.opened.desk.store
    try:
        sheet = store_sheet(told, work.keys, store)
    except StoreError as error:
        tell(Said(f"the grid's sheet is not kept: {error.message}"))
        return ()
    return picture(store, sheet), how_to_see(store, sheet)


def _key(report: Report) -> str:
    return f"experiment-{report.name}".lower().replace("_", "-").replace("/", "-")


def _shows_no_more(work: Work) -> None:
    work.is_shown = False


def _about(report: Report, store: Store) -> str:
    first = next((line.best_image for line in report.cells if line.best_image), None)
    counted = f"{report.images} of {report.wanted} images, scores out of {report.scale:g}"
    more = len(report.cells) - MOST_ROWS
    rest = f" The best {MOST_ROWS} cells; {more} more are not shown." if more > 0 else ""
    told = f" {report.on_versions}." if report.on_versions else ""
    run = report.run_id or "-"
    return f"{report.name}, run {run}: {counted}.{rest}{told} {how_to_see(store, first)}"


def _row(line: CellLine, store: Store) -> dict[str, object]:
    return {
        "rank": line.rank,
        "cell": shown_labels(line.labels),
        "score": None if line.score is None else round(line.score, 2),
        "interval": interval_of(line.low, line.high),
        "passed": f"{line.passed} of {line.judged}",
        "seconds": None if line.seconds is None else round(line.seconds, 2),
        "failed": line.failed,
        "image": link(store, line.best_image),
    }
