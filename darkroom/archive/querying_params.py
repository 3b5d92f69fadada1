"""What the flow `query` can be told, as a form of Prefect shows it."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Value = str | int | float | bool | list[str] | None


class QueryOptions(BaseModel):
    """Parameters of a named query, and how much it may cost."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    parameters: dict[str, Value] = Field(default_factory=dict[str, Value])
    """Its parameters, and filters as of `search` where it selects images."""
    shown_rows: Annotated[int, Field(ge=1, le=10_000)] = 500
    """So many rows are kept as an artefact; the flow's result has all of them."""
    timeout_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """At most so long."""
    memory_mb: Annotated[int, Field(ge=64, le=1_000_000)] = 4096
    """At most so much memory."""

    def of(self, name: str | None, sql: str | None) -> "QueryParams":
        """The same, for this question."""
        return QueryParams(name=name, sql=sql, **dict(self))


class QueryParams(QueryOptions):
    """A named query with its parameters, or one statement of SQL."""

    name: str | None = None
    """A query of analytics/queries, for example `stats`."""
    sql: str | None = None
    """One statement that reads, instead of a name."""

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if (self.name is None) == (self.sql is None):
            raise ValueError("give either name or sql")
        if self.sql is not None and self.parameters:
            raise ValueError("parameters belong to a named query")
        return self
