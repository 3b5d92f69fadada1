"""The sheet of a grid: what is painted, and that no page is ever too large."""

import io
from collections.abc import Iterator

import pytest
from PIL import Image

from darkroom.core.experiments.cells import Cell, Result
from darkroom.core.experiments.gridding import arrange
from darkroom.experiments import grid_sheet
from darkroom.experiments.grid_sheet import sheets
from darkroom.experiments.grid_tiles import PAPER, head_width
from tests.experiments.grid_scenes import cell, drawn, gathered, lost

RED = (200, 30, 40)


def load(_key: str) -> Image.Image:
    return Image.new("RGB", (16, 8), RED)


def opened(pages: Iterator[bytes]) -> list[Image.Image]:
    return [Image.open(io.BytesIO(data)).convert("RGB") for data in pages]


def cells(columns: int, rows: int) -> tuple[Cell, ...]:
    return tuple(cell(cfg=100 + c, steps=200 + r) for c in range(columns) for r in range(rows))


def results(every: tuple[Cell, ...]) -> tuple[Result, ...]:
    return tuple(drawn(one, 11, number, 6.0) for number, one in enumerate(every))


def red_in(page: Image.Image) -> int:
    return sum(pixel == RED for pixel in page.get_flattened_data())


def test_every_image_is_painted_in_its_own_proportions() -> None:
    every = cells(2, 2)
    (page,) = opened(sheets(arrange(gathered(every, results(every))), load))
    assert red_in(page) == 4 * 192 * 96


def test_a_place_without_an_image_is_framed_and_says_why() -> None:
    every = cells(2, 1)
    told = (drawn(every[0], 11, 0, 6.0), lost(every[1], 11, "out of memory " * 40))
    (page,) = opened(sheets(arrange(gathered(every, told)), load))
    (bare,) = opened(sheets(arrange(gathered(every, told[:1])), load))
    assert red_in(page) == 192 * 96
    assert ink(page) > ink(bare)


def ink(page: Image.Image) -> int:
    return sum(pixel != PAPER for pixel in page.get_flattened_data())


def test_many_cells_shrink_and_then_fill_further_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid_sheet, "MOST_PIXELS", 400_000)
    every = cells(4, 12)
    pages = opened(sheets(arrange(gathered(every, results(every)), x="cfg"), load))
    assert len(pages) > 1
    assert all(page.width * page.height <= 400_000 for page in pages)
    assert sum(map(red_in, pages)) == 48 * 96 * 48


def test_more_columns_than_a_page_has_room_for_go_on_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(grid_sheet, "LONGEST_SIDE", 700)
    every = cells(9, 2)
    pages = opened(sheets(arrange(gathered(every, results(every)), x="cfg"), load))
    assert all(max(page.size) <= 700 for page in pages)
    assert sum(map(red_in, pages)) == 18 * 160 * 80


def test_groups_follow_one_another_on_a_page() -> None:
    every = tuple(
        cell(cfg=c, steps=s, sampler=name) for name in ("a", "b") for c in (1, 2) for s in (1, 2)
    )
    (page,) = opened(sheets(arrange(gathered(every, results(every))), load))
    assert red_in(page) == 8 * 192 * 96


def test_the_names_of_both_axes_have_room() -> None:
    every = cells(2, 2)
    told = arrange(gathered(every, results(every)), x="cfg", y="steps")
    assert grid_sheet._look(told).head >= head_width(["steps / cfg"])
    longer = [cell(negative=n, cfg=c) for n in ("", "x") for c in (1, 2)]
    grid = arrange(gathered(tuple(longer), results(tuple(longer))), x="cfg", y="negative")
    assert grid_sheet._look(grid).head == head_width(["negative / cfg"]) > head_width(["x"])


def test_cells_in_line_are_painted_with_their_values() -> None:
    every = cells(3, 3)
    told = arrange(gathered(every, results(every)), layout="ranked")
    (page,) = opened(sheets(told, load, "median", "nine cells"))
    assert red_in(page) == 9 * 192 * 96


def test_a_picture_that_cannot_be_read_leaves_a_frame() -> None:
    every = cells(1, 1)
    (page,) = opened(sheets(arrange(gathered(every, results(every))), lambda _: None))
    assert red_in(page) == 0
    assert ink(page) > 0


def test_an_image_without_a_score_is_painted_all_the_same() -> None:
    every = cells(1, 1)
    told = (drawn(every[0], 11, 0, None),)
    (page,) = opened(sheets(arrange(gathered(every, told)), load))
    assert red_in(page) == 192 * 96


def test_one_page_is_painted_when_one_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid_sheet, "MOST_PIXELS", 400_000)
    every, asked = cells(4, 12), list[str]()

    def counting(key: str) -> Image.Image:
        asked.append(key)
        return load(key)

    next(iter(sheets(arrange(gathered(every, results(every)), x="cfg"), counting)))
    assert 0 < len(asked) < 48
