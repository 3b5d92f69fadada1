"""Open a run of a project: read its files, reach its servers, begin or go on."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.runs import opening
from darkroom.runs.params import IterateParams
from darkroom.runs.run import Run


@task(name="open", cache_policy=NO_CACHE, persist_result=False)  # a wrong file stays wrong
def open_run(params: IterateParams) -> Run:
    """Open the run that these parameters mean."""
    return opening.open_run(params)
