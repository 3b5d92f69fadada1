"""Open a store to compare what is stored with what was written."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.archive.verifying import Verifying
from darkroom.archive.verifying_params import VerifyParams


@task(name="open verifying", cache_policy=NO_CACHE, persist_result=False)
def open_verifying(params: VerifyParams) -> Verifying:
    """Open what these parameters mean."""
    return Verifying(params)
