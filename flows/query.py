"""Ask the warehouse from Prefect: a frame as the result, a table among the artefacts.

Owns the order of the two steps.
"""

from pandas import DataFrame
from prefect import flow

from blocks.connecting import connected
from darkroom.archive.querying_params import QueryOptions
from darkroom.core.config.forms import Connections
from tasks.ask import ask
from tasks.show_rows import show_rows

EVERYTHING = "stats"
"""The question of who asks none, as a button pressed in the UI does."""


@flow(
    name="query",
    description="Run a named query or one statement of SQL over every image.",
    persist_result=False,
    log_prints=False,
)
def query(
    name: str | None = None,
    sql: str | None = None,
    options: QueryOptions = QueryOptions(),  # noqa: B008 - it is frozen
    connections: Connections = Connections(),  # noqa: B008 - it is frozen
) -> DataFrame:
    """The answer as a frame; its beginning stays with the flow run.

    Args:
        name: A query of analytics/queries; `stats` where nothing is asked.
        sql: One statement that reads, instead of a name.
        options: Parameters of a named query, and how much it may cost.
        connections: Blocks of this Prefect server that the run uses.
    """
    if name is None and sql is None:
        name = EVERYTHING
    params = options.of(name, sql)
    with connected(connections):
        answer = ask(params)
        show_rows(answer, params.shown_rows, name or sql or "")
        return answer
