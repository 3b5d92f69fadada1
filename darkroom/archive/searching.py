"""Find images and runs, by any of the filters, as frames or as names.

Owns the order of what is found and the S1 verbs that list. What a filter means is
`core.selection_reading`'s; freshness is `opening`'s.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from darkroom.adapters.settings import Lab
from darkroom.adapters.warehouse.asking import frame_of, rows_of
from darkroom.adapters.warehouse.opening import Connection
from darkroom.adapters.warehouse.statements import query
from darkroom.archive.opening import opened_library
from darkroom.archive.selecting import Selected, select
from darkroom.core.errors import UsageError
from darkroom.core.selection_reading import moment_of
from darkroom.core.text import nearest

if TYPE_CHECKING:
    from pandas import DataFrame  # pyright: ignore[reportMissingTypeStubs] - it has none

NEWEST_FIRST = "-created"
SORTS = {
    "created": "created_at",
    "score": "score",
    "quality": "composite_score",
    "criteria": "overall_score",
    "similarity": "similarity_score",
    "rating": "rating",
    "grade": "grade",
    "seed": "seed",
    "steps": "steps",
    "cfg": "cfg",
    "denoise": "denoise",
    "iteration": "iteration",
    "seconds": "seconds",
    "model": "model",
    "sampler": "sampler",
    "prompt": "prompt",
    "image": "image",
}
"""By what images may be sorted; the columns behind the names."""


@dataclass(frozen=True)
class Page:
    """Which part of what is found, and in which order."""

    sort: str = NEWEST_FIRST
    limit: int | None = None
    offset: int = 0

    def clause(self) -> str:
        """The end of the statement; made of names in SORTS and of parameters only."""
        name = self.sort.removeprefix("-")
        if name not in SORTS:
            close = nearest(name, SORTS)
            hint = f"did you mean {close!r}?" if close else f"it is one of {', '.join(SORTS)}"
            raise UsageError("selection-invalid", f"nothing is sorted by {name[:40]!r}", hint=hint)
        order = "DESC" if self.sort.startswith("-") else "ASC"
        return f"\nORDER BY {SORTS[name]} {order} NULLS LAST, image\nLIMIT $limit OFFSET $offset"

    def values(self) -> dict[str, object]:
        """The parameters of the clause."""
        return {"limit": self.limit, "offset": self.offset}


def search(
    lab: Lab,
    *,
    sort: str = NEWEST_FIRST,
    limit: int | None = None,
    offset: int = 0,
    **filters: object,
) -> "DataFrame":
    """The images that pass every filter; `core.selection.FILTERS` lists them."""
    with opened_library(lab) as connection:
        return search_in(connection, select(filters), Page(sort, limit, offset))


def search_in(connection: Connection, selected: Selected, page: Page) -> "DataFrame":
    """As `search`, over an open warehouse."""
    return frame_of(connection, *_statement(selected, page))


def found_in(connection: Connection, selected: Selected, page: Page) -> list[dict[str, object]]:
    """As `search_in`, but plain rows: what a door prints, without waiting for pandas."""
    return rows_of(connection, *_statement(selected, page))


def _statement(selected: Selected, page: Page) -> tuple[str, dict[str, object]]:
    clause = page.clause()
    text, values = selected.ahead_of("search", page.values())
    return text + clause, values


def count_in(connection: Connection, selected: Selected) -> int:
    """How many images pass the filters."""
    row = connection.execute(*selected.ahead_of("search_count", {})).fetchone()
    return int(row[0]) if row else 0


def keys_in(connection: Connection, selected: Selected) -> list[str]:
    """The keys of the images that pass the filters."""
    rows = connection.execute(*selected.ahead_of("search_keys", {})).fetchall()
    return [str(row[0]) for row in rows]


def get_images(
    lab: Lab, session: str, *, include_deleted: bool = False, **filters: object
) -> "DataFrame":
    """The images of one run, in order, with further filters."""
    every = {"tests": "include", "archived": "include", "run": session}
    every["deleted"] = "include" if include_deleted else "exclude"
    with opened_library(lab) as connection:
        return search_in(connection, select(every | filters), Page("iteration"))


def get_sessions(
    lab: Lab, *, include_deleted: bool = False, limit: int | None = None, **filters: object
) -> "DataFrame":
    """The runs that pass every filter, newest first."""
    kept = filters if include_deleted else {"is_deleted": False, **filters}
    with opened_library(lab) as connection:
        return frame_of(connection, *_sessions(kept, limit))


def sessions_in(
    connection: Connection, filters: dict[str, object], limit: int | None
) -> list[dict[str, object]]:
    """As `get_sessions`, over an open warehouse and with deleted ones unless left out."""
    return rows_of(connection, *_sessions(filters, limit))


def _sessions(filters: dict[str, object], limit: int | None) -> tuple[str, dict[str, object]]:
    named, now = query("sessions"), datetime.now(UTC)
    try:
        values = {
            name: moment_of(value, now) if name in {"since", "until"} and value else value
            for name, value in filters.items()
        }
    except ValueError as exc:
        raise UsageError("selection-invalid", str(exc)) from exc
    return named.text, named.bound(values | {"limit": limit})
