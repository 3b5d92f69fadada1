"""The filters of a search as SQL: fixed text with named parameters.

Owns the one composition there is: the query `selected` without the conditions nobody
asked for, put before another named query. No value ever becomes part of the text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from darkroom.adapters.warehouse.statements import query, texts_checked
from darkroom.core.selection_reading import Asked, Parameters, parameters_of

_CONDITION = re.compile(r"^(?=    (?:AND |--))", re.MULTILINE)
_OPENING = re.compile(r"\A(?:--[^\n]*\n)*")
_PARAMETER = re.compile(r"\$([a-z_]+)")


@dataclass(frozen=True)
class Selected:
    """The images that pass some filters, as a common table expression called `selected`."""

    text: str
    parameters: Parameters

    def ahead_of(self, name: str, values: Mapping[str, object]) -> tuple[str, dict[str, object]]:
        """A named query that reads from `selected`, with everything it needs."""
        own = _OPENING.sub("", query(name).text)
        # a query with expressions of its own takes this one in as the first of them
        joint = f",\n{own.removeprefix('WITH ')}" if own.startswith("WITH ") else f"\n{own}"
        return f"WITH selected AS (\n{self.text}){joint}", {**self.parameters, **values}


def select(asked: Asked, now: datetime | None = None) -> Selected:
    """Read filters, by their names in `core.selection`; every mistake is told at once."""
    parameters = parameters_of(asked, now or datetime.now(UTC))
    texts_checked(parameters)
    return Selected(_only(frozenset(parameters)), parameters)


@cache
def _only(given: frozenset[str]) -> str:
    """The query without the conditions whose parameters are not given."""
    opening, *conditions = _CONDITION.split(query("selected").text)
    kept = [text for text in conditions if given.issuperset(_PARAMETER.findall(text))]
    return opening + "".join(kept)
