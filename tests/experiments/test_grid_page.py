"""The page of a grid: what it says, that it says no more, and that nothing in it can act."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

from darkroom.core.experiments.cells import Cell, Result
from darkroom.core.experiments.gridding import Grid, arrange
from darkroom.experiments.grid_page import page, summary
from darkroom.experiments.grid_pictures import Picture
from darkroom.experiments.grid_words import value_text
from tests.experiments.grid_scenes import cell, drawn, gathered, key_of, lost

NASTY = "</script><script>alert(1)</script><img src=x onerror='a()'>\"&"
CELLS = tuple(cell(cfg=cfg, steps=steps) for cfg in (3, 7) for steps in (4, 20))
RESULTS = (
    drawn(CELLS[0], 11, 0, 4.0),
    drawn(CELLS[0], 22, 1, 8.0),
    drawn(CELLS[1], 22, 2, 9.0, seconds=3.0),
    lost(CELLS[1], 11, "out of memory"),
    lost(CELLS[2], 11, NASTY),
)
HUGE = 2**63 - 1


class Reader(HTMLParser):
    """Everything of a page that a browser would act on."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags:
            self.inside.setdefault(self.tags[-1][0], []).append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def found(*numbers: int) -> dict[str, Picture]:
    return {
        key_of(n): Picture(f"images/{n}.webp", f"../{n}.png", f"http://store/{n}") for n in numbers
    }


def grid(cells: tuple[Cell, ...] = CELLS, results: tuple[Result, ...] = RESULTS) -> Grid:
    return arrange(gathered(cells, results))


def data_of(text: str) -> Any:
    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert match
    return json.loads(match[1])


def test_the_policy_allows_exactly_the_style_and_the_script_of_the_page() -> None:
    text = page(grid(), found(0, 1, 2))
    read = Reader(text)
    (policy,) = [m["content"] or "" for m in read.of("meta") if m.get("http-equiv")]
    style = re.search(r"<style>(.*?)</style>", text, re.S)
    script = re.search(r"<script>(.*?)</script>", text, re.S)
    assert style
    assert script
    for content in (style[1], script[1]):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy


def test_nothing_that_was_typed_becomes_markup() -> None:
    cells = (cell(prompt=NASTY, cfg=1), cell(prompt="b", cfg=1))
    results = (drawn(cells[0], 11, 0, 1.0), lost(cells[1], 11, NASTY))
    read = Reader(page(grid(cells, results), found(0)))
    assert len(read.of("script")) == 2
    assert len(read.of("img")) == 1
    assert not [name for _, attrs in read.tags for name in attrs if name.startswith("on")]
    assert not [attrs for _, attrs in read.tags if "style" in attrs]


def test_every_address_is_relative_or_one_of_the_pictures() -> None:
    read = Reader(page(grid(), found(0, 1, 2)))
    assert [image["src"] for image in read.of("img")] == ["images/1.webp", "images/2.webp"]
    assert all(image["loading"] == "lazy" for image in read.of("img"))
    assert not read.of("link")
    assert not [attributes for _, attributes in read.tags if "href" in attributes]


def test_a_cell_shows_mean_interval_count_and_the_score_of_its_image() -> None:
    text = page(grid(), found(0, 1, 2))
    first = text.split('data-i="0"')[1].split("</button>")[0]
    assert "<b>6.00</b>" in first
    assert "n 2 · 1 of 2 passed" in first
    assert re.search(r"<i>0\.00 to 10\.00</i>", first)
    assert '<em class="own good">8.00</em>' in first


def test_a_place_without_an_image_says_why() -> None:
    text = page(grid(), found(0, 1, 2))
    assert "failed: &lt;/script&gt;" in text
    assert "not drawn yet" in text
    holes = tuple(one for one in CELLS if one != CELLS[3])
    assert '<div class="cell excluded">' in page(grid(holes), found(0, 1, 2))
    assert "its image cannot be read" in page(grid(), found(2))


def test_the_script_knows_each_image_of_a_cell_with_its_seed() -> None:
    told = data_of(page(grid(), found(0, 1, 2), "median"))
    first, second = told["cells"][0], told["cells"][2]
    assert told["names"] == ["cfg", "steps"]
    assert (first["values"], first["best"], first["median"]) == (["3", "4"], 1, 0)
    assert first["images"][0] == [
        "images/0.webp",
        "../0.png",
        "http://store/0",
        "11",
        1,
        4.0,
        False,
    ]
    assert second["causes"] == {"11": "out of memory"}
    assert told["pick"] == "median"


def test_a_seed_beyond_what_scripts_can_count_keeps_its_digits() -> None:
    results = (drawn(CELLS[0], HUGE, 0, 1.0),)
    laid_out = arrange(gathered(CELLS, results, (HUGE,)))
    text = page(laid_out, found(0), HUGE)
    assert data_of(text)["cells"][0]["images"][0][3] == str(HUGE)
    assert f'<option value="{HUGE}" selected>' in text


def test_a_chosen_seed_stands_in_every_cell_or_says_why_not() -> None:
    text = page(grid(), found(0, 1, 2), 11)
    read = Reader(text)
    assert [image["src"] for image in read.of("img")] == ["images/0.webp"]
    assert "<span>out of memory</span>" in text
    assert "no image of this seed" in page(arrange(gathered(CELLS, RESULTS[1:3])), found(1, 2), 11)


def test_the_best_cell_and_the_front_are_marked() -> None:
    text = page(grid(), found(0, 1, 2), front={CELLS[0].id})
    (best,) = re.findall(r'class="cell best drawn" data-i="(\d+)"', text)
    assert data_of(text)["cells"][int(best)]["mean"] == 9.0
    assert text.count('class="mark"') == 1
    assert 'id="to-best"' not in page(grid(CELLS, ()), {})


def test_rows_and_columns_have_heads_and_groups_a_menu() -> None:
    cells = tuple(
        cell(cfg=c, steps=s, sampler=name)
        for name in ("euler", "ddim")
        for c in (1, 2)
        for s in (3, 4)
    )
    text = page(arrange(gathered(cells, ())), {})
    assert text.count("<section") == 2
    assert '<option value="g1">sampler = ddim</option>' in text
    assert text.count('scope="row"') == 4
    assert "steps ↓ cfg →" in text


def test_cells_in_line_show_their_values() -> None:
    text = page(arrange(gathered(CELLS, RESULTS), layout="ranked"), found(0, 1, 2))
    assert text.count("<li>") == 4
    assert '<span class="more values">cfg = 3, steps = 20</span>' in text
    assert "<table" not in text


def test_an_image_without_a_score_has_no_figures() -> None:
    text = page(arrange(gathered(CELLS[:1], (drawn(CELLS[0], 11, 0, None),))), found(0))
    assert '<span class="cap"><b>-</b></span>' in text
    assert 'class="own' not in text


def test_the_summary_counts_what_became_of_the_cells() -> None:
    assert summary(grid()) == "4 cells · 3 images · 1 failed · 1 not drawn yet"
    # the fourth place has no cell, which no condition has ruled out
    assert summary(grid(CELLS[:3])) == "3 cells · 3 images · 1 failed"


def test_the_page_asks_for_nothing_from_elsewhere() -> None:
    text = page(grid(), {})
    assert "http:" not in text
    assert "https:" not in text
    assert "innerHTML" not in text
    assert "@import" not in text


def test_an_empty_value_is_seen_in_its_heading():
    assert [value_text(value) for value in ("", True, 3.0, "a cat")] == ['""', "true", "3", "a cat"]
