"""Ask the laboratory's warehouse: by named queries, as frames or rows, or in one's own SQL.

Owns how Python users and the doors above read. Everything here is read-only, sees the
published snapshot, and neither waits for a synchronisation nor holds one up.
"""

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

if TYPE_CHECKING:
    from pandas import DataFrame  # pyright: ignore[reportMissingTypeStubs] - it has none


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
    """Run a query of analytics/queries; parameters left out are NULL."""
    return frame_with(name, parameters, lab=lab)


def frame_with(
    name: str, values: Mapping[str, object], *, lab: Lab | None = None, limits: Limits | None = None
) -> "DataFrame":
    """As `frame`, with the parameters as a mapping and within other limits."""
    named = query(name)
    bound = named.bound(values)
    with connect(lab, limits) as connection:
        return frame_of(connection, named.text, bound)


def rows(name: str, /, *, lab: Lab | None = None, **parameters: object) -> list[dict[str, object]]:
    """As `frame`, but plain rows."""
    named = query(name)
    values = named.bound(parameters)
    with connect(lab) as connection:
        return rows_of(connection, named.text, values)
