"""What images cost: GPU seconds, requests to models and tokens, by run and in all.

Owns the shares per image and per accepted image; the sums are the query `costs`. Images
that were deleted, archived or drawn as a test were paid for all the same, and count.
"""

from dataclasses import dataclass
from typing import cast

from darkroom.adapters.settings import Lab
from darkroom.adapters.warehouse.asking import rows_of
from darkroom.archive.opening import opened_library
from darkroom.archive.selecting import select
from darkroom.core.fleet.costs import Share, Spent

_EVERY = {"tests": "include", "archived": "include", "deleted": "include"}


@dataclass(frozen=True)
class CostLine:
    """What one run cost, or all of them together."""

    run: str | None
    """Its name; None: everything that was selected."""
    spent: Spent
    per_image: Share | None
    per_accepted: Share | None
    measured: int
    """Images whose GPU seconds are known; what is not known is not in the sums."""


def get_costs(lab: Lab, **filters: object) -> tuple[CostLine, ...]:
    """The cost of all images that pass the filters, then of each run, the dearest first."""
    with opened_library(lab) as connection:
        rows = rows_of(connection, *select({**_EVERY, **filters}).ahead_of("costs", {}))
    return tuple(_line(row) for row in rows)


def _line(row: dict[str, object]) -> CostLine:
    def count(name: str) -> int:
        return cast("int", row[name])

    spent = Spent(
        images=count("image_count"),
        accepted=count("accepted_count"),
        seconds=float(cast("float", row["seconds"])),
        gpu_seconds=float(cast("float", row["gpu_seconds"])),
        calls=count("calls"),
        tokens_in=count("tokens_in"),
        tokens_out=count("tokens_out"),
    )
    run = cast("str | None", row["run"])
    shares = spent.per_image(), spent.per_accepted()
    return CostLine(run, spent, *shares, measured=count("measured_count"))
