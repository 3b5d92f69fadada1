"""From an experiment to its cells, and their identity."""

import math

import pytest

from darkroom.core.errors import UsageError
from darkroom.core.experiments.axes import check_setting
from darkroom.core.experiments.cells import cell_id
from darkroom.core.experiments.expanding import (
    Start,
    allowed,
    cell_finder,
    cells_of,
    dimensions,
    probes,
)
from darkroom.core.experiments.space import Choice, Range
from darkroom.core.sidecar.variations import combination_hash
from tests.core.experiments.declared import experiment

START = Start("a cat", "blur", "base")
GRID = "axes:\n  cfg: [3.0, 5.0]\n  steps: [8, 16]\nsettings: {width: 64}\n"


def ids(text: str, start: Start = START) -> list[str]:
    return [cell.id for cell in cells_of(experiment(text), start)]


def test_every_combination_is_a_cell_the_first_axis_changing_slowest():
    cells = cells_of(experiment(GRID), START)
    assert [tuple(cell.labels.values()) for cell in cells] == [(3, 8), (3, 16), (5, 8), (5, 16)]
    assert cells[0].settings == {"width": 64, "cfg": 3.0, "steps": 8}
    assert (cells[0].prompt, cells[0].negative) == ("a cat", "blur")
    assert cells[0].combination_hash is None


def test_a_value_that_is_added_adds_new_cells_and_leaves_the_others():
    before, after = set(ids(GRID)), set(ids(GRID.replace("[3.0, 5.0]", "[1.0, 3, 5.0]")))
    assert before < after
    assert len(after) == 6


def test_the_order_of_axes_and_of_loras_is_no_part_of_a_cell():
    turned = "axes:\n  steps: [16, 8]\n  cfg: [5.0, 3.0]\nsettings: {width: 64}\n"
    assert set(ids(turned)) == set(ids(GRID))
    two = (("a", 1.0), ("b", 0.5))
    assert cell_id({}, "", "", two) == cell_id({}, "", "", two[::-1])


def test_another_workflow_prompt_or_negative_is_another_cell():
    known = {
        ids("{}", start)[0]
        for start in (START, Start("a dog", "blur", "base"), Start("a cat", "", "base"))
    }
    assert len(known | set(ids("{}", Start("a cat", "blur", "other")))) == 4


def test_the_words_of_a_prompt_are_labels_and_have_s1s_hash():
    cells = cells_of(experiment("prompts: 'a {colour=red|blue} {cat|dog}'"), START)
    assert [cell.prompt for cell in cells][:2] == ["a red cat", "a red dog"]
    assert cells[0].variations == ("colour", "words_2")
    words = {"colour": "red", "words_2": "cat"}
    assert cells[0].labels == words
    assert cells[0].combination_hash == combination_hash(words)


def test_several_prompts_are_an_axis_by_their_names():
    cells = cells_of(
        experiment("prompts: {one: a cat, two: a {x|y}}".replace("{x|y}", "dog")), START
    )
    assert [dict(cell.labels) for cell in cells] == [{"prompt": "one"}, {"prompt": "two"}]


def test_loras_have_the_strength_of_the_file_or_of_the_axis():
    text = "loras: {soft: 0.5}\naxes: {'lora:sharp': [0, 1]}\n"
    assert [cell.loras for cell in cells_of(experiment(text), START)] == [
        (("soft", 0.5), ("sharp", 0.0)),
        (("soft", 0.5), ("sharp", 1.0)),
    ]


def test_the_negative_prompt_comes_from_axis_file_or_project():
    assert cells_of(experiment("axes: {negative: [x]}"), START)[0].negative == "x"
    assert cells_of(experiment("negative: y"), START)[0].negative == "y"
    assert "negative" not in cells_of(experiment("axes: {negative: [x]}"), START)[0].settings


def test_constraints_rule_combinations_out():
    assert len(ids(GRID + "constraints: [steps * cfg <= 48]")) == 3


def test_a_constraint_on_a_choice_that_a_prompt_lacks_does_not_concern_it():
    text = "prompts: ['a {colour=red|blue} cat', a dog]\nconstraints: ['colour == \"red\"']"
    assert [cell.prompt for cell in cells_of(experiment(text), START)] == ["a red cat", "a dog"]


def test_equal_cells_are_one():
    assert len(ids("prompts: 'a {red|red} cat'")) == 1


@pytest.mark.parametrize(
    ("text", "code", "complaint"),
    [
        (GRID + "constraints: [steps < 0]", "experiment-size", "rule out all 4"),
        (GRID + "constraints: ['prompt < 3']", "experiment-constraint", "cfg=3.0, steps=8"),
        (
            "prompts: [a, b]\naxes:\n  cfg: {from: 1, to: 15, count: 200}\n"
            "  steps: {from: 1, to: 200, step: 1}\n",
            "experiment-size",
            "200 cfg x 200 steps x 2 prompt are 80000 combinations",
        ),
    ],
)
def test_what_means_too_many_cells_or_none_is_refused(text: str, code: str, complaint: str):
    with pytest.raises(UsageError, match=complaint) as told:
        cells_of(experiment(text), START)
    assert told.value.code == code


def test_an_optimiser_chooses_from_axes_and_prompts():
    found = experiment(
        "adaptive: {}\nprompts: [a, b]\naxes:\n  cfg: {from: 1.0, to: 9.0}\n  steps: [8, 16]\n"
    )
    assert dimensions(found, START) == (
        Choice("prompt", ("a", "b")),
        Range("cfg", 1.0, 9.0),
        Choice("steps", (8, 16)),
    )
    cell = cell_finder(found, START)({"prompt": "b", "cfg": 2.5, "steps": 16})
    assert (cell.prompt, cell.settings) == ("b", {"cfg": 2.5, "steps": 16})
    assert allowed(found, cell)
    first = cell_finder(found, START)({})
    assert (first.prompt, first.settings) == ("a", {"cfg": 1.0, "steps": 8})


def test_a_single_prompt_is_no_dimension():
    assert dimensions(experiment("axes: {cfg: [1.0]}"), START) == (Choice("cfg", (1.0,)),)


def test_a_number_without_end_is_no_value():
    with pytest.raises(ValueError, match="single text, number"):
        check_setting("cfg", math.inf)


def test_probes_hold_every_value_that_some_allowed_cell_has() -> None:
    declared = experiment(
        "axes:\n  cfg: {from: 1.0, to: 9.0}\n  steps: {from: 4, to: 40, step: 4}\n"
        "  sampler: [euler, ddim, heun]\nadaptive: {trials: 5}\n"
        "constraints: [cfg * steps <= 200, 'sampler != \"heun\"']\n"
    )
    found = probes(declared, START)
    assert all(allowed(declared, cell) for cell in found)
    assert {cell.labels["cfg"] for cell in found} >= {1.0, 5.0, 9.0}
    assert {cell.labels["steps"] for cell in found} == set(range(4, 41, 4))
    assert {cell.labels["sampler"] for cell in found} == {"euler", "ddim"}
    assert len({cell.id for cell in found}) == len(found)


def test_where_only_the_prompt_is_chosen_its_first_is_probed() -> None:
    (found,) = probes(experiment("prompts: [a cat, a dog]\nadaptive: {}"), START)
    assert found.prompt == "a cat"
