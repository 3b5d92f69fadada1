"""Check a project and its host as a run would, and draw nothing."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.runs.params import IterateParams
from darkroom.runs.preview import Preview, preview


@task(name="dry run", cache_policy=NO_CACHE, persist_result=False)
def dry_run(params: IterateParams) -> Preview:
    """Say what a run would do first."""
    return preview(params)
