"""`darkroom costs`: GPU seconds, requests and tokens, per image and per accepted image."""

from typing import TYPE_CHECKING

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command
from darkroom.apps.cli.search_filters import with_filters
from darkroom.apps.cli.search_table import Column, fitted

if TYPE_CHECKING:
    from darkroom.archive.costing import CostLine

_COLUMNS = (
    Column("run", "run", is_elastic=True),
    Column("images", "images"),
    Column("accepted", "accepted"),
    Column("GPU s", "gpu_seconds"),
    Column("per image", "per_image"),
    Column("per accepted", "per_accepted"),
    Column("calls", "calls", rank=1),
    Column("tokens", "tokens", rank=2),
    Column("not measured", "unmeasured", rank=3),
)


@with_filters()
def costs(*, filters: dict[str, object]) -> None:
    """Tell what the images cost, by run; filters as in `search`."""
    from darkroom.adapters.settings import open_lab
    from darkroom.archive.costing import get_costs

    lines = get_costs(open_lab(), **filters)
    console.emit(lines, lambda: fitted(_COLUMNS, [_row(line) for line in lines]))


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    command(root, "costs")(costs)


def _row(line: "CostLine") -> dict[str, object]:
    spent, each, good = line.spent, line.per_image, line.per_accepted
    return {
        "run": line.run or "all",
        "images": spent.images,
        "accepted": spent.accepted,
        "gpu_seconds": f"{spent.gpu_seconds:.1f}",
        "per_image": f"{each.gpu_seconds:.2f}" if each else None,
        "per_accepted": f"{good.gpu_seconds:.2f}" if good else None,
        "calls": spent.calls,
        "tokens": spent.tokens_in + spent.tokens_out,
        "unmeasured": spent.images - line.measured or None,
    }
