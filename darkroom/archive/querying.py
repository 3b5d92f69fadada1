"""Ask the laboratory's warehouse: by named queries, as frames or rows, or in one's own SQL.

Owns how Python users and the doors above read. Everything here is read-only, sees the
published snapshot, and neither waits for a synchronisation nor holds one up.
"""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from darkroom.adapters.settings import Lab, open_lab
from darkroom.adapters.warehouse.asking import frame_of, rows_of, within
from darkroom.adapters.warehouse.limits import Limits
from darkroom.adapters.warehouse.opening import Connection, reading
from darkroom.adapters.warehouse.statements import query
from darkroom.archive.apart.asking import ask as ask
from darkroom.archive.apart.asking import frame_of_sql as frame_of_sql
from darkroom.archive.selecting import select

if TYPE_CHECKING:
    from pandas import DataFrame  # pyright: ignore[reportMissingTypeStubs] - it has none

_FROM_SELECTED = re.compile(r"\bFROM selected\b")


@contextmanager
def connect(lab: Lab | None = None, limits: Limits | None = None) -> Generator[Connection]:
    """Open the published warehouse for reading; errors of DuckDB come out as ours."""
    limits = limits or Limits()
    connection = reading((lab or open_lab()).warehouse, limits)
    try:
        with within(connection, limits):
            yield connection
    finally:
        connection.close()


def frame(name: str, /, *, lab: Lab | None = None, **parameters: object) -> "DataFrame":
    """Run a query of analytics/queries; parameters left out are NULL.

    A query over selected images takes the filters of `search` as well.
    """
    return frame_with(name, parameters, lab=lab)


def frame_with(
    name: str, values: Mapping[str, object], *, lab: Lab | None = None, limits: Limits | None = None
) -> "DataFrame":
    """As `frame`, with the parameters as a mapping and within other limits."""
    text, bound = _asked(name, values)
    with connect(lab, limits) as connection:
        return frame_of(connection, text, bound)


def rows(name: str, /, *, lab: Lab | None = None, **parameters: object) -> list[dict[str, object]]:
    """As `frame`, but plain rows."""
    text, bound = _asked(name, parameters)
    with connect(lab) as connection:
        return rows_of(connection, text, bound)


def _asked(name: str, values: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """The text and its parameters, with the images it selects from put before it."""
    named = query(name)
    if name == "selected":
        chosen = select(values)
        return chosen.text, dict(chosen.parameters)
    if not _FROM_SELECTED.search(named.text):
        return named.text, named.bound(values)
    own = {name: value for name, value in values.items() if name in named.parameters}
    filters = {name: value for name, value in values.items() if name not in own}
    return select(filters).ahead_of(name, named.bound(own))
