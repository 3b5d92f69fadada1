"""Show a series of attempts in Prefect's own pages: a table, and the best image.

Owns the artifact. It is a view: a server that does not take it changes nothing.
"""

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from darkroom.adapters.stores.viewing import how_to_see, link, picture
from darkroom.core.markdown import table
from darkroom.generating.refining import Refining
from darkroom.generating.series import AttemptLine, Refined
from tasks.listening import if_prefect_listens

_COLUMNS = ("attempt", "score", "grade", "coverage", "seed", "steps", "cfg", "why", "image")


@task(name="show series", cache_policy=NO_CACHE, persist_result=False)
def show_series(work: Refining, report: Refined) -> None:
    """Write the table of attempts and what they came to."""
    with if_prefect_listens():
        store, keys = work.store, work.series.keys
        rows = [_row(line, link(store, line.key)) for line in report.attempts]
        name = f"{keys.project}/{keys.run_id}"
        parts = (
            f"# {name}: {report.status}",
            f"{report.reason}.",
            table(_COLUMNS, rows),
            picture(store, report.key),
            how_to_see(store, report.key),
        )
        text = "\n\n".join(part for part in parts if part)
        key = f"series-{name}".lower().replace("_", "-").replace("/", "-")
        create_markdown_artifact(text, key=key, description=report.reason)


def _row(line: AttemptLine, image: str) -> tuple[object, ...]:
    why = line.failure or line.why
    score = None if line.composite_score is None else round(line.composite_score, 2)
    coverage = None if line.coverage is None else f"{line.coverage:.0%}"
    return (
        line.attempt,
        score,
        line.grade,
        coverage,
        line.seed,
        line.steps,
        line.cfg,
        why,
        image,
    )
