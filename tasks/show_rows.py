"""Keep the beginning of an answer where Prefect's pages show it."""

from pandas import DataFrame
from prefect import task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from darkroom.archive.querying_output import plain_rows


@task(name="show rows", cache_policy=NO_CACHE, persist_result=False)
def show_rows(answer: DataFrame, most: int, question: str) -> None:
    """A table artefact of the first rows."""
    create_table_artifact(
        key="answer",
        table=plain_rows(answer.head(most).to_dict("records")),
        description=f"{question}\n\n{len(answer)} rows, {min(len(answer), most)} of them here.",
    )
