"""Show what was generated in Prefect's own pages: a table of keys, seeds and scores.

Owns the artefact. It is a view: a server that does not take it changes nothing.
"""

from prefect import task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from darkroom.adapters.settings import open_lab
from darkroom.adapters.stores import opened_store
from darkroom.adapters.stores.viewing import how_to_see, link
from darkroom.generating.ordering import GenerateReport
from tasks.listening import if_prefect_listens

_MOST = 500


@task(name="show generated", cache_policy=NO_CACHE, persist_result=False)
def show_generated(report: GenerateReport) -> None:
    """Write the table."""
    if not report.images:
        return
    with if_prefect_listens(), opened_store(open_lab()) as store:
        rows = [
            {
                "image": link(store, one.key),
                "key": one.key,
                "seed": str(one.seed),  # browsers round large numbers
                "score": one.composite_score,
                "grade": one.grade,
                "validation": one.validation_score,
                "new": one.is_fresh,
            }
            for one in report.images[:_MOST]
        ]
        first = str(report.images[0].key)
        project, _, run = first.split("/")[:3]
        key = f"generated-{project}-{run}".lower().replace("_", "-")
        about = f"{len(report.images)} images, {len(report.failed)} missing."
        create_table_artifact(rows, key=key, description=f"{about} {how_to_see(store, first)}")
