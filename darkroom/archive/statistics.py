"""What the images and runs come to: S1's counts and rates, over any selection."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from darkroom.adapters.settings import Lab
from darkroom.adapters.warehouse.asking import frame_of, rows_of
from darkroom.adapters.warehouse.opening import Connection
from darkroom.adapters.warehouse.statements import query
from darkroom.archive.opening import opened_library
from darkroom.archive.selecting import Selected, select
from darkroom.core.errors import UsageError

if TYPE_CHECKING:
    from pandas import DataFrame  # pyright: ignore[reportMissingTypeStubs] - it has none

Record = dict[str, object]


@dataclass(frozen=True)
class Stats:
    """The images selected, the runs of their projects, and images by grade and kind of failure.

    Of the filters only those that name projects or runs count for runs.
    """

    images: Record
    runs: Record
    grades: list[Record]
    failures: list[Record]


def get_stats(lab: Lab, **filters: object) -> Stats:
    """Counts and means over the images that pass the filters."""
    with opened_library(lab) as connection:
        return stats_in(connection, select(filters))


def stats_in(connection: Connection, selected: Selected) -> Stats:
    """As `get_stats`, over an open warehouse."""
    runs = query("stats_runs")
    named = {name: selected.parameters.get(name) for name in runs.parameters}
    return Stats(
        images=rows_of(connection, *selected.ahead_of("stats", {}))[0],
        runs=rows_of(connection, runs.text, runs.bound(named))[0],
        grades=rows_of(connection, *selected.ahead_of("stats_grades", {})),
        failures=rows_of(connection, *selected.ahead_of("stats_failures", {})),
    )


def get_failure_rate_by_category(lab: Lab, **filters: object) -> "DataFrame":
    """How many images failed in each way, and which share of all that is."""
    with opened_library(lab) as connection:
        return frame_of(connection, *select(filters).ahead_of("stats_failures", {}))


def get_session_stats(lab: Lab, session: str) -> Stats:
    """Counts and means over one run, deleted images left out."""
    every = {"tests": "include", "archived": "include"}
    found = get_stats(lab, run=session, **every)
    if not found.images["image_count"]:
        raise UsageError("annotation-target", f"{session[:80]!r} is no run with images")
    return found
