"""Have the warehouse of this machine catch up with what a run has made."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.adapters.settings import open_lab
from darkroom.archive.syncing import sync_after
from darkroom.runs.params import IterateParams
from darkroom.runs.telling import Said, tell


@task(name="catch up", cache_policy=NO_CACHE, persist_result=False)
def catch_up(params: IterateParams | None = None) -> None:
    """Take in what is new; a warehouse that cannot be written costs the run nothing."""
    problem = sync_after(open_lab(params.sets if params else ()))
    if problem is not None:
        tell(Said(problem))
