"""The adaptive mode: cells that an optimiser proposes, and experiments that use it."""

from darkroom.core.experiments.cells import Cell, Result
from darkroom.core.experiments.expanding import Start, allowed
from darkroom.core.experiments.scores import score_of
from darkroom.experiments.adaptive import next_cells, pareto_front, space_of, told_points
from darkroom.experiments.planning import plan
from tests.core.experiments.declared import experiment
from tests.experiments.grid_scenes import drawn
from tests.experiments.lab_scenes import Lab

SEARCH = """
axes:
  cfg: {from: 1.0, to: 10.0}
  steps: {from: 4, to: 40}
  sampler: [euler, heun]
constraints: ['cfg * steps <= 200']
adaptive: {trials: 10, batch: 3}
seeds: 2
"""
START = Start("a cat", "", "base")


def results_of(cells: tuple[Cell, ...]) -> tuple[Result, ...]:
    scored = [(cell, float(cell.settings["cfg"]) * 10) for cell in cells]
    return tuple(
        drawn(cell, 11, n, score, seconds=n + 1.0) for n, (cell, score) in enumerate(scored)
    )


def test_a_batch_is_proposed_at_a_time_until_the_trials_are_used_up() -> None:
    declared, cells, sizes = experiment(SEARCH), (), []
    while more := next_cells(declared, START, cells, results_of(cells)):
        sizes.append(len(more))
        cells = (*cells, *more)
    assert sizes == [3, 3, 3, 1]
    assert len({cell.id for cell in cells}) == 10
    assert all(allowed(declared, cell) for cell in cells)
    assert all(float(cell.settings["cfg"]) * float(cell.settings["steps"]) <= 200 for cell in cells)


def test_what_is_known_decides_and_not_the_order_it_is_listed_in() -> None:
    declared = experiment(SEARCH)
    cells = next_cells(declared, START, (), (), 6)
    results = results_of(cells)
    expected = next_cells(declared, START, cells, results)
    assert next_cells(declared, START, cells[::-1], results[::-1]) == expected
    assert next_cells(declared, START, cells, results[:3]) != expected


def test_another_experiment_is_searched_from_elsewhere() -> None:
    from dataclasses import replace

    declared = experiment(SEARCH)
    other = replace(declared, name="second")
    assert next_cells(declared, START, (), ()) != next_cells(other, START, (), ())


def test_more_than_the_trials_are_never_proposed() -> None:
    declared = experiment(SEARCH)
    assert len(next_cells(declared, START, (), (), 99)) == 10


def test_a_prompt_is_chosen_like_any_value() -> None:
    declared = experiment(SEARCH + "prompts: {a: 'a {red|blue} cat', b: a dog}\n")
    space = space_of(declared, START)
    cells = next_cells(declared, START, (), (), 9)
    assert {cell.prompt for cell in cells} <= {"a red cat", "a blue cat", "a dog"}
    assert len({cell.prompt for cell in cells}) > 1
    points = [told.point for told in told_points(declared, space, cells, ())]
    assert [point["prompt"] for point in points] == [cell.prompt for cell in cells]
    assert all(space.settled(point) == point for point in points)


def test_score_and_seconds_are_told_as_asked_for() -> None:
    declared = experiment(SEARCH.replace("batch: 3", "objectives: [score, seconds]"))
    cells = next_cells(declared, START, (), (), 2)
    space = space_of(declared, START)
    assert space.goals == ("maximise", "minimise")
    told = told_points(declared, space, cells, results_of(cells)[:1])
    assert [one.values for one in told] == [(float(cells[0].settings["cfg"]) * 10, 1.0), None]


def test_a_finite_search_ends_when_everything_was_tried() -> None:
    few = "axes: {steps: [1, 2, 3]}\nconstraints: ['steps != 2']\nadaptive: {trials: 9}\n"
    cells = next_cells(experiment(few), START, (), ())
    assert sorted(int(cell.settings["steps"]) for cell in cells) == [1, 3]
    assert next_cells(experiment(few), START, cells, results_of_steps(cells)) == ()


def results_of_steps(cells: tuple[Cell, ...]) -> tuple[Result, ...]:
    return tuple(drawn(cell, 11, n, 1.0) for n, cell in enumerate(cells))


def test_the_front_names_the_cells_that_none_beats_cheapest_first() -> None:
    cells = next_cells(experiment(SEARCH), START, (), (), 4)
    told = [(5.0, 2.0), (4.0, 3.0), (9.0, 7.0)]
    scores = [
        score_of(cell.id, [drawn(cell, 11, 0, score, seconds)], 10.0)
        for cell, (score, seconds) in zip(cells, told, strict=False)
    ]
    scores.append(score_of(cells[3].id, [], 10.0))
    assert pareto_front(scores) == (cells[0].id, cells[2].id)


def test_an_adaptive_experiment_finds_what_the_judge_wants(lab: Lab) -> None:
    """Red from cfg 5 on and fine from 10 steps on: a quarter of the space is right."""
    lab.write(
        "axes:\n  cfg: {from: 1.0, to: 9.0}\n  steps: {from: 1, to: 20}\n"
        "adaptive: {trials: 16, batch: 4}\nseeds: [11]\n"
    )
    report = lab.run()
    assert (report.status, len(report.cells), lab.drawn) == ("complete", 16, 16)
    best = report.cells[0]
    assert best.score == 100.0
    assert float(best.labels["cfg"]) >= 5
    assert float(best.labels["steps"]) >= 10
    late = report.cells[:8]
    assert sum(line.score == 100.0 for line in late) >= 5


def test_an_adaptive_experiment_that_is_run_again_draws_nothing_twice(lab: Lab) -> None:
    text = "axes:\n  cfg: {from: 1.0, to: 9.0}\nadaptive: {trials: 6, batch: 3}\nseeds: [11]\n"
    lab.write(text)
    first = {line.cell for line in lab.run().cells}
    again = lab.run()
    assert {line.cell for line in again.cells} == first
    assert (lab.drawn, again.run_id) == (6, None)  # nor is another run begun for nothing
    events = list(lab.home.glob("projects/demo/working/*/experiment/*.json"))
    assert sum("closed" in event.read_text() for event in events) == 1
    found = plan("demo/first")
    assert (found.images, found.there, found.to_draw) == (6, 6, 0)
    lab.write(text.replace("to: 9.0", "to: 4.0"))  # other cells may be chosen now
    assert plan("demo/first").to_draw == 6
    assert {line.cell for line in lab.run().cells} != first
