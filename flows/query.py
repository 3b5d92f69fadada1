"""Ask the warehouse from Prefect: a frame as the result, a table among the artefacts.

Owns the order of the two steps.
"""

from pandas import DataFrame
from prefect import flow

from darkroom.archive.querying_params import QueryParams
from tasks.ask import ask
from tasks.show_rows import show_rows


@flow(
    name="query",
    description="Run a named query or one statement of SQL over every image.",
    persist_result=False,
    log_prints=False,
)
def query(params: QueryParams) -> DataFrame:
    """The answer as a frame; its beginning stays with the flow run."""
    answer = ask(params)
    show_rows(answer, params.shown_rows, params.name or params.sql or "")
    return answer
