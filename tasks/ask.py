"""Put one question to the warehouse."""

from pandas import DataFrame
from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.adapters.warehouse.opening import Limits
from darkroom.archive import querying
from darkroom.archive.querying_params import QueryParams


@task(
    name="ask",
    cache_policy=NO_CACHE,  # the same question has another answer tomorrow
    persist_result=False,
)
def ask(params: QueryParams) -> DataFrame:
    """The whole answer as a frame."""
    limits = Limits(memory_mb=params.memory_mb, time_s=params.timeout_s)
    if params.sql is not None:
        return querying.frame_of_sql(params.sql, limits=limits)
    return querying.frame_with(params.name or "", params.parameters, limits=limits)
