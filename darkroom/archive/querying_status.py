"""What the warehouse says of itself, for people: how much, how fresh, what was set aside.

Owns the two records; where the numbers come from is analytics/queries/warehouse.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from darkroom.adapters.settings import Lab
from darkroom.adapters.warehouse.asking import rows_of
from darkroom.adapters.warehouse.state import failed_checks
from darkroom.adapters.warehouse.statements import query
from darkroom.archive.querying import connect, rows


@dataclass(frozen=True)
class WarehouseStatus:
    """How much the published warehouse holds, and when it was brought up to the store."""

    path: str
    size_bytes: int
    store: str
    images: int
    deleted_images: int
    runs: int
    annotations: int
    score_documents: int
    documents: int
    quarantined: int
    synced_at: datetime
    """UTC."""
    failed_checks: tuple[str, ...]


@dataclass(frozen=True)
class Quarantined:
    """One document that could not be read."""

    source: str
    kind: str
    code: str
    reason: str


def status(lab: Lab) -> WarehouseStatus:
    """Look at the published warehouse, and run every check of analytics/checks."""
    with connect(lab) as connection:
        found = cast("dict[str, Any]", rows_of(connection, query("warehouse/status").text, {})[0])
        failed = failed_checks(connection)
    return WarehouseStatus(
        path=str(lab.warehouse),
        size_bytes=lab.warehouse.stat().st_size,
        failed_checks=failed,
        **found | {"synced_at": found["synced_at"].replace(tzinfo=UTC)},
    )


def quarantine(
    lab: Lab, like: str | None = None, limit: int | None = None
) -> tuple[Quarantined, ...]:
    """The documents that could not be read, by key; `like` is a pattern of SQL's LIKE."""
    found = rows("warehouse/quarantine", lab=lab, pattern=like, limit=limit)
    return tuple(Quarantined(**cast("dict[str, str]", row)) for row in found)
