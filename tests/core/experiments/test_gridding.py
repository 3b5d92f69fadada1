"""Where each cell of a grid stands, which image speaks for it, and why a place is empty."""

import pytest

from darkroom.core.errors import UsageError
from darkroom.core.experiments.cells import Cell, Result, Scalar
from darkroom.core.experiments.grid_slots import Gathered, Labels, Slot
from darkroom.core.experiments.gridding import Grid, arrange


def cell(**labels: Scalar) -> Cell:
    return Cell(",".join(map(repr, labels.values())), labels, labels, "a circle", "", (), (), None)


def image(of: Cell, seed: int, score: float | None, repeat: int = 1) -> Result:
    return Result(of.id, seed, repeat, f"{of.id}-{seed}-{repeat}.png", score, None, 1.0, None)


def lost(of: Cell, seed: int, cause: str) -> Result:
    return Result(of.id, seed, 1, None, None, None, None, cause)


CELLS = tuple(
    cell(cfg=cfg, steps=steps, sampler=sampler)
    for cfg in (3, 7)
    for steps in (20, 8)
    for sampler in ("euler", "heun")
)
AXES: dict[str, tuple[Scalar, ...]] = {
    "cfg": (3, 7),
    "steps": (20, 8),
    "sampler": ("euler", "heun"),
}


def gathered(
    cells: tuple[Cell, ...] = CELLS,
    results: tuple[Result, ...] = (),
    axes: dict[str, tuple[Scalar, ...]] | None = None,
    stopped: str = "",
) -> Gathered:
    return Gathered("p/e", cells, results, (5, 1), AXES if axes is None else axes, 10.0, stopped)


def names(grid: Grid) -> list[list[list[str]]]:
    return [
        [[slot.cell.id if slot.cell else "-" for slot in row] for row in group.rows]
        for group in grid.groups
    ]


def only(grid: Grid) -> Slot:
    (slot,) = grid.slots
    return slot


def test_the_first_axis_stands_across_the_second_down_and_the_others_outside() -> None:
    grid = arrange(gathered())
    assert (grid.x, grid.y) == (grid.x, grid.y)
    assert [axis.name for axis in (grid.x, grid.y, *grid.outside) if axis] == list(AXES)
    assert [dict(group.labels) for group in grid.groups] == [
        {"sampler": "euler"},
        {"sampler": "heun"},
    ]
    assert names(grid)[0] == [
        ["3,20,'euler'", "7,20,'euler'"],
        ["3,8,'euler'", "7,8,'euler'"],
    ]


def test_axes_are_chosen_by_name() -> None:
    grid = arrange(gathered(), x="sampler", y="cfg")
    assert names(grid)[1] == [["3,8,'euler'", "3,8,'heun'"], ["7,8,'euler'", "7,8,'heun'"]]
    across = arrange(gathered(), y="cfg")
    assert across.x is not None
    assert across.x.name == "steps"


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        ("cgf", None, "did you mean 'cfg'"),
        ("zzzz", None, "there are cfg, steps, sampler"),
        ("cfg", "cfg", "across and down at once"),
    ],
)
def test_an_axis_that_cannot_be_is_refused(x: str, y: str | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        arrange(gathered(), x=x, y=y)


def test_an_axis_of_one_value_takes_no_place() -> None:
    cells = tuple(cell(model="a", cfg=cfg, steps=20) for cfg in (1, 2))
    grid = arrange(gathered(cells, axes={}))
    assert grid.x is not None
    assert (grid.x.name, grid.y, grid.outside) == ("cfg", None, ())
    alone = arrange(gathered(cells[:1], axes={}))
    assert names(alone) == [[["'a',1,20"]]]


def test_an_experiment_without_axes_is_one_place() -> None:
    one = cell()
    grid = arrange(gathered((one,), (image(one, 5, 3.0),), axes={}))
    assert (grid.x, grid.y) == (None, None)
    assert only(grid).cell is one


def test_long_texts_head_no_column() -> None:
    prompts = ("a small red circle above a large blue square", "a green triangle")
    cells = tuple(cell(prompt=text, cfg=cfg) for text in prompts for cfg in (1, 2))
    grid = arrange(gathered(cells, axes={"prompt": prompts, "cfg": (1, 2)}))
    assert grid.x is not None
    assert grid.y is not None
    assert (grid.x.name, grid.y.name) == ("cfg", "prompt")


def test_the_axes_with_the_most_values_make_the_table() -> None:
    cells = tuple(
        cell(word=word, cfg=cfg, steps=steps)
        for word in "ab"
        for cfg in range(3)
        for steps in range(18)
    )
    grid = arrange(gathered(cells, axes={}))
    assert [axis.name for axis in (grid.x, grid.y, *grid.outside) if axis] == [
        "cfg",
        "steps",
        "word",
    ]
    turned = tuple(cell(steps=one.labels["steps"], cfg=one.labels["cfg"]) for one in cells[:54])
    grid = arrange(gathered(turned, axes={}))
    assert [axis.name for axis in (grid.x, grid.y) if axis] == ["cfg", "steps"]


def test_values_stand_as_written_and_unwritten_numbers_rise() -> None:
    cells = tuple(cell(a=a, cfg=cfg) for cfg in (7, 3) for a in (0.5, 0.25))
    grid = arrange(gathered(cells, axes={"cfg": (7, 3)}))
    assert grid.x is not None
    assert grid.y is not None
    assert (grid.x.values, grid.y.values) == ((7, 3), (0.25, 0.5))


def test_true_and_one_are_two_columns() -> None:
    cells = tuple(cell(a=value) for value in (True, 1))
    assert names(arrange(gathered(cells, axes={}))) == [[["True", "1"]]]


def test_an_empty_place_says_that_a_constraint_rules_it_out() -> None:
    def excluded(labels: Labels) -> str | None:
        return "cfg < 7" if labels["cfg"] == 7 else None

    told = Gathered("p/e", CELLS[:3], (), (5,), AXES, 10.0, excluded=excluded)
    grid = arrange(told)
    states = {(slot.labels["cfg"], slot.labels["steps"]): slot for slot in grid.slots}
    assert (states[7, 20].state, states[7, 20].reason) == ("excluded", "cfg < 7")
    assert (states[3, 20].state, states[3, 20].reason) == ("waiting", "not drawn yet")


def test_a_group_without_any_cell_is_left_out_and_a_hole_is_no_part() -> None:
    grid = arrange(gathered(CELLS[:3]), x="steps", y="sampler")
    assert len(grid.groups) == 1
    holes = [slot.reason for slot in grid.slots if slot.cell is None]
    assert holes == ["not part of the experiment"]


@pytest.mark.parametrize(
    ("results", "stopped", "state", "reason"),
    [
        ((), "", "waiting", "not drawn yet"),
        ((), "the target is reached", "stopped", "the target is reached"),
        ((lost(CELLS[0], 5, "out of memory"),), "over", "failed", "failed: out of memory"),
        ((lost(CELLS[0], 5, "oom"), image(CELLS[0], 1, 2.0)), "over", "drawn", ""),
    ],
)
def test_a_place_without_an_image_says_why(
    results: tuple[Result, ...], stopped: str, state: str, reason: str
) -> None:
    found = only(arrange(gathered(CELLS[:1], results, {}, stopped)))
    assert (found.state, found.reason) == (state, reason)


def test_an_image_of_a_cell_stands_for_it_as_asked() -> None:
    one = CELLS[0]
    scores = [(1, 4.0, 1), (5, 9.0, 1), (5, 2.0, 2), (7, None, 1), (1, 3.0, 2)]
    results = tuple(image(one, seed, score, repeat) for seed, score, repeat in scores)
    slot = only(arrange(gathered((one,), (*results, lost(one, 8, "gone")), {})))
    assert [(r.seed, r.repeat) for r in slot.images] == [(5, 1), (5, 2), (1, 1), (1, 2), (7, 1)]
    shown = {pick: slot.shown(pick) for pick in ("best", "median", 1, 99)}  # pyright: ignore[reportArgumentType]
    assert [found.score if found else None for found in shown.values()] == [9.0, 3.0, 4.0, None]
    assert slot.causes == {8: "gone"}


def test_images_without_a_score_are_shown_all_the_same() -> None:
    one = CELLS[0]
    slot = only(arrange(gathered((one,), (image(one, 5, None),), {})))
    assert slot.shown("best") == slot.images[0]
    empty = only(arrange(gathered((one,), (), {})))
    assert empty.shown("best") is None


def test_a_cell_counts_each_seed_once() -> None:
    one = CELLS[0]
    results = tuple(image(one, seed, 4.0 + seed, r) for seed in (1, 2) for r in (1, 2))
    slot = only(arrange(gathered((one,), results, {})))
    assert slot.score is not None
    assert (slot.score.images, slot.score.seeds, slot.score.mean) == (4, 2, 5.5)


def test_cells_of_a_search_stand_in_line_the_best_first() -> None:
    cells = tuple(cell(cfg=n / 7, steps=n) for n in range(12))
    results = tuple(image(each, 5, float(n % 5)) for n, each in enumerate(cells[:11]))
    stray = image(cell(cfg=99), 5, 9.0)
    grid = arrange(gathered(cells, (*results, stray), {}))
    assert grid.layout == "ranked"
    assert [len(row) for row in grid.groups[0].rows] == [8, 4]
    means = [slot.score.mean for slot in grid.slots if slot.score]
    assert means[:-1] == sorted((float(n % 5) for n in range(11)), reverse=True)
    assert means[-1] is None
    table = arrange(gathered(cells, results, {}), x="steps")
    assert table.layout == "crossed"
    assert arrange(gathered(cells, results, {}), layout="crossed").layout == "crossed"


def test_places_that_a_constraint_rules_out_make_no_table_sparse() -> None:
    cells = tuple(cell(a=a, b=a) for a in range(6))

    def excluded(labels: Labels) -> str | None:
        return None if labels["a"] == labels["b"] else "a == b"

    told = Gathered("p/e", cells, (), (5,), {}, 10.0, excluded=excluded)
    assert arrange(told).layout == "crossed"
    assert arrange(gathered(cells, axes={})).layout == "ranked"


def test_a_search_over_many_axes_lays_out_only_the_tables_it_has() -> None:
    cells = tuple(cell(a=n, b=n, c=n, d=n, e=n) for n in range(40))
    grid = arrange(gathered(cells, axes={}), x="a", y="b")
    assert len(grid.groups) == 40


def test_a_cell_may_lack_an_axis() -> None:
    """A prompt with a choice in it stands beside one without."""
    cells = (cell(cfg=1, colour="red"), cell(cfg=1, colour="blue"), cell(cfg=2))
    grid = arrange(gathered(cells, axes={}), x="cfg")
    assert names(grid) == [[["1,'red'", "-"], ["1,'blue'", "-"], ["-", "2"]]]
    grid = arrange(gathered(cells[1:], axes={"cfg": (1, 2), "s": (1, 2)}), x="cfg", y="s")
    assert [dict(group.labels) for group in grid.groups] == [{"colour": "blue"}, {"colour": "-"}]
