"""Show what verifying found in Prefect's own pages.

Owns the artefact. It is a view: a server that does not take it changes nothing.
"""

from prefect import task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from darkroom.archive.verifying_report import VerifyReport
from tasks.listening import if_prefect_listens


@task(name="show verified", cache_policy=NO_CACHE, persist_result=False)
def show_verified(report: VerifyReport, scope: str) -> None:
    """A table of the flaws, and of the redrawings."""
    with if_prefect_listens():
        counted = ", ".join(f"{count} {kind}" for kind, count in report.counts.items())
        about = f"{report.images} images of {scope}: {counted or 'everything is in order'}"
        flaws = [vars(flaw) for flaw in report.flaws]
        key = f"verified-{scope}".lower().replace("_", "-")
        create_table_artifact(flaws, key=key, description=about)
        if report.redrawn:
            rows = [one.model_dump(mode="json", exclude_none=True) for one in report.redrawn]
            create_table_artifact(rows, key=f"redrawn-{key}", description=about)
