"""Open the store and the scorers for images that lack a metric."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.scoring.rescoring import RescoreParams, Rescoring


@task(name="open rescoring", cache_policy=NO_CACHE, persist_result=False)
def open_rescoring(params: RescoreParams) -> Rescoring:
    """Open what these parameters mean."""
    return Rescoring(params)
