"""Open a run of a project: read its files, reach its servers, begin or go on."""

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from darkroom.runs import opening
from darkroom.runs.params import IterateParams
from darkroom.runs.run import Run
from tasks.ending import called_back
from tasks.listening import is_watched


@task(name="open", cache_policy=NO_CACHE, persist_result=False)
def open_run(params: IterateParams) -> Run:
    """Open the run that these parameters mean."""
    # a flow run that is tried again has the same id, and goes on with the run it began
    with called_back():
        name = str(flow_run.get_id() or "")
        return opening.open_run(params, name, is_watched=is_watched())
