"""Ask the warehouse in SQL of one's own: safe for whoever asks, whatever the statement does.

Owns that such a statement never runs in the process that asks, which does not even load
DuckDB for it.
"""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from darkroom.adapters.settings import Lab, open_lab
from darkroom.adapters.warehouse.limits import Limits
from darkroom.archive.apart.process import Apart
from darkroom.archive.apart.receiving import BoundedAnswer, answered

if TYPE_CHECKING:
    from pandas import DataFrame  # pyright: ignore[reportMissingTypeStubs] - it has none


def ask(
    sql: str, *, lab: Lab | None = None, limits: Limits | None = None, apart: Apart | None = None
) -> AbstractContextManager[BoundedAnswer]:
    """Put one SQL statement to the warehouse; it can read, within its limits, and nothing else.

    It runs in a process of its own, as what a person wrote may never end by itself; one that
    was started before can be given.
    """
    return answered((lab or open_lab()).warehouse, sql, limits or Limits(), apart)


def frame_of_sql(sql: str, *, lab: Lab | None = None, limits: Limits | None = None) -> "DataFrame":
    """The answer to one SQL statement as a frame."""
    with ask(sql, lab=lab, limits=limits) as answer:
        return answer.frame()
