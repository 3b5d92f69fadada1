"""What Prefect's pages show of an experiment is small, and costs the experiment nothing."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from darkroom.core.errors import StoreUnavailable
from darkroom.experiments.report import CellLine, Report
from darkroom.runs.telling import Said, heard_by
from tasks import show_experiment as shown
from tests.experiments.grid_scenes import cell, drawn, gathered


def line(rank: int) -> CellLine:
    none = (None,) * 3
    return CellLine(
        rank, f"{rank:012x}", {"cfg": rank}, 1, 0, 1, 5.0, *none[:2], 0, 0, *none, 1.0, None
    )


def report(cells: int) -> Report:
    lines = tuple(line(rank) for rank in range(1, cells + 1))
    counts = (cells, cells, cells, 0, 0, 1.0, 1.0)
    return Report("demo/first", "r", "complete", "all is there", 10.0, *counts, (1,), lines)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What was written, by the kind of artifact."""
    found: dict[str, Any] = {}
    for kind in ("table", "progress", "markdown"):
        name = f"create_{kind}_artifact"
        monkeypatch.setattr(
            shown, name, lambda what, kind=kind, **told: found.update({kind: (what, told)})
        )
    return found


def test_the_table_of_many_cells_ends_after_the_best(made: dict[str, Any]) -> None:
    work = SimpleNamespace(
        is_shown=True,
        standing=lambda: replace(report(1000), engines={"comfyui/1": 2, "comfyui/2": 1}),
        opened=SimpleNamespace(desk=SimpleNamespace(store=None)),
    )
    shown.show_experiment.fn(work)  # pyright: ignore[reportArgumentType]
    rows, told = made["table"]
    assert [row["rank"] for row in rows] == list(range(1, 51))
    assert "950 more are not shown" in told["description"]
    assert "versions differ: 2 by comfyui/1, 1 by comfyui/2" in told["description"]


def test_a_store_that_does_not_take_the_sheet_fails_nothing(
    made: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> str:
        raise StoreUnavailable("store-unavailable", "the store does not answer")

    monkeypatch.setattr(shown, "store_sheet", away)
    one = cell(cfg=2.0)
    told = gathered((one,), (drawn(one, 11, 1, 5.0),))
    work = SimpleNamespace(
        is_shown=True,
        keys=None,
        gathered=lambda _report: told,
        opened=SimpleNamespace(desk=SimpleNamespace(store=None)),
    )
    said: list[object] = []
    with heard_by(said.append):
        shown.show_grid.fn(work, report(1))  # pyright: ignore[reportArgumentType]
    assert "# demo/first" in made["markdown"][0]
    assert said == [Said("the grid's sheet is not kept: the store does not answer")]
