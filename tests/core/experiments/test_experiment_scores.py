"""What cells scored, how sure that is, and what follows from it."""

import pytest

from darkroom.core.experiments.cells import Result
from darkroom.core.experiments.deciding import Done, Draw, Entry, Spent, decide, entries_of
from darkroom.core.experiments.expanding import Start, cells_of
from darkroom.core.experiments.scores import difference, ranked, score_of, t95
from tests.core.experiments.declared import experiment


def result(cell: str, seed: int, score: float | None, repeat: int = 1) -> Result:
    passed = None if score is None else score >= 100
    return Result(cell, seed, repeat, f"{cell}/{seed}", score, passed, 2.0, None)


def failed(cell: str, seed: int) -> Result:
    return Result(cell, seed, 1, None, None, None, None, "it broke")


def test_the_mean_of_a_cell_has_students_interval_over_its_seeds():
    found = score_of("a", [result("a", n, v) for n, v in enumerate((40, 50, 60))], 100.0)
    assert (found.mean, found.seeds, found.images, found.seconds) == (50, 3, 3, 2.0)
    assert found.interval is not None
    assert found.interval.low == pytest.approx(50 - 4.303 * 10 / 3**0.5)
    assert found.interval.high == pytest.approx(50 + 4.303 * 10 / 3**0.5)


def test_repeats_of_one_seed_count_once():
    own = [result("a", 1, 0), result("a", 1, 100, 2), result("a", 2, 50)]
    found = score_of("a", own, 100.0)
    assert (found.mean, found.seeds, found.images) == (50, 2, 3)


def test_equal_scores_are_no_certainty():
    found = score_of("a", [result("a", n, 100) for n in range(3)], 100.0)
    assert found.interval is not None
    assert found.interval.high == 100
    assert 40 < found.interval.low < 50
    none = score_of("a", [result("a", n, 0) for n in range(3)], 100.0).interval
    assert none is not None
    assert (none.low, none.high) == (0, pytest.approx(56.1, abs=0.1))


def test_one_seed_has_no_interval_and_none_no_mean():
    assert score_of("a", [result("a", 1, 5)], 10.0).interval is None
    empty = score_of("a", [failed("a", 1), result("b", 1, 3)], 10.0)
    assert (empty.mean, empty.failed, empty.pass_rate, empty.seconds) == (None, 1, None, None)


def test_the_share_that_passed_has_wilsons_interval():
    found = score_of("a", [result("a", n, 100 * (n < 2)) for n in range(4)], 100.0)
    assert (found.passed, found.judged, found.pass_rate) == (2, 4, 0.5)
    assert found.pass_interval is not None
    assert found.pass_interval.low == pytest.approx(0.15, abs=0.005)


def test_cells_are_compared_by_the_seeds_both_have():
    one = [result("a", n, 10 * n + 5) for n in range(4)]
    other = [result("b", n, 10 * n + n % 2) for n in range(1, 6)]
    gap = difference(one, other, 100.0)
    assert gap.seeds == 3
    assert gap.mean == pytest.approx(13 / 3)
    assert gap.interval is not None
    assert gap.interval.low > 2
    assert difference(one, [failed("b", 1)], 100.0).interval is None
    assert difference(one[:1], [result("b", 0, 1)], 100.0).interval is None


def test_a_constant_gap_is_no_certainty():
    one, other = ([result(c, n, v) for n in range(3)] for c, v in (("a", 60), ("b", 50)))
    gap = difference(one, other, 100.0)
    assert gap.interval is not None
    assert gap.interval.low < 0 < gap.mean


def test_cells_without_a_score_come_last():
    scores = [score_of(c, [result(c, 1, v)], 10.0) for c, v in (("a", None), ("b", 2), ("c", 2))]
    assert [each.cell for each in ranked(scores)] == ["b", "c", "a"]


def test_students_t_falls_towards_the_normal():
    assert t95(1) == 12.706
    assert t95(30) > t95(31) > t95(200) > 1.95996
    assert t95(60) == pytest.approx(2.0003, abs=0.001)


GRID = experiment("axes:\n  checkpoint: [a, b]\n  steps: [8, 16]\n")
CELLS = cells_of(GRID, Start())


def entries(text: str = "seeds: 2") -> tuple[Entry, ...]:
    told = experiment(f"axes:\n  checkpoint: [a, b]\n  steps: [8, 16]\n{text}\n")
    return entries_of(
        CELLS, (11, 22, 33)[: told.seed_count], told.declared.repeats, model_of=_model
    )


def _model(cell: object) -> str:
    return str(getattr(cell, "settings")["checkpoint"])  # noqa: B009 - a cell, for pyright


def test_one_seed_of_every_cell_comes_before_the_next_and_models_turn_round():
    found = entries("seeds: 2\nrepeats: 2")
    model = {cell.id: cell.settings["checkpoint"] for cell in CELLS}
    assert [each.seed for each in found] == [11] * 8 + [22] * 8
    assert "".join(str(model[each.cell]) for each in found) == "aabbbbaaaabbbbaa"
    assert [each.repeat for each in found[:8]] == [1] * 4 + [2] * 4


def told(found: tuple[Entry, ...], scores: dict[str, float]) -> dict[tuple[str, int, int], Result]:
    spread = {11: -1.0, 22: 0.0, 33: 1.0}
    return {
        each.name: result(each.cell, each.seed, scores[each.cell] + spread[each.seed])
        for each in found
        if each.cell in scores
    }


def test_without_a_rule_to_wait_for_everything_is_drawn_at_once():
    assert decide(GRID, entries(), {}, Spent()) == Draw(entries())


def test_no_more_is_drawn_at_once_than_before_a_rule_may_count():
    seeds, rule = (11, 22, 33, 44, 55), experiment("stop: {interval: 0.1, after: 3}")
    found = entries_of(CELLS, seeds, 2, _model)
    step = decide(rule, found, {}, Spent())
    assert isinstance(step, Draw)
    assert step.entries == found[:24]  # three seeds of four cells, twice
    noise = {each.name: float(place % 7) for place, each in enumerate(found)}
    there = {e.name: result(e.cell, e.seed, noise[e.name]) for e in step.entries}
    assert decide(rule, found, there, Spent()) == Draw(found[24:28])
    there |= {e.name: result(e.cell, e.seed, noise[e.name]) for e in found[24:28]}
    assert decide(rule, found, there, Spent()) == Draw(found[28:32])


def test_it_ends_when_every_image_is_there():
    found = entries()
    there = {each.name: failed(each.cell, each.seed) for each in found}
    assert decide(GRID, found, there, Spent()) == Done("every image is there")


@pytest.mark.parametrize(
    ("budget", "spent", "reason"),
    [
        ("images: 4", Spent(images=4), "4 of 4 images are drawn"),
        ("gpu_seconds: 2.5", Spent(gpu_seconds=3), "3 of 2.5 seconds of drawing"),
        ("minutes: 1", Spent(minutes=1.0), "1 of 1 minutes are over"),
    ],
)
def test_a_spent_budget_ends_it(budget: str, spent: Spent, reason: str):
    told = experiment(f"axes: {{steps: [8, 16]}}\nbudget: {{{budget}}}")
    done = decide(told, entries(), {}, spent)
    assert isinstance(done, Done)
    assert done.is_cut
    assert reason in done.reason


def test_a_round_is_cut_to_what_the_budget_leaves():
    told = experiment("budget: {images: 6}")
    step = decide(told, entries(), {}, Spent(images=3))
    assert isinstance(step, Draw)
    assert len(step.entries) == 3


def test_a_target_that_is_surely_reached_ends_it():
    found = entries("seeds: 3")
    best = {CELLS[0].id: 90.0}
    stop = experiment("stop: {target: 85}")
    assert isinstance(decide(stop, found, told(found, best), Spent()), Done)
    assert isinstance(decide(stop, found, told(found[:8], best), Spent()), Draw)
    assert isinstance(decide(stop, found, told(found, {CELLS[0].id: 80.0}), Spent()), Draw)


def test_a_cell_that_is_known_well_enough_gets_no_further_seed():
    found = entries("seeds: 3")
    stop = experiment("seeds: 3\nstop: {interval: 10, after: 2}")
    most = [each for each in found if each.seed != 33]
    known = told(tuple(most), {cell.id: 50.0 for cell in CELLS})
    assert isinstance(decide(stop, found, known, Spent()), Draw)  # 2 seeds: 12.7 wide
    step = decide(experiment("seeds: 3\nstop: {interval: 20, after: 2}"), found, known, Spent())
    assert step == Done("every cell is known well enough")


def test_no_rule_counts_before_a_cell_has_its_seeds():
    stop = experiment("seeds: 2\nstop: {interval: 1000, worse: true}")
    found = entries()
    there = told(found[:4], {cell.id: 50.0 for cell in CELLS})
    step = decide(stop, found, there, Spent())
    assert isinstance(step, Draw)
    assert len(step.entries) == 4


def test_a_cell_that_is_surely_worse_than_the_best_gets_no_further_seed():
    told_so = experiment("seeds: 4\nstop: {worse: true}")
    found = entries_of(CELLS, (11, 22, 33, 44), 1, _model)
    noise = {11: 0.0, 22: 1.0, 33: 3.0}
    base = {cell.id: 80.0 - 20 * place for place, cell in enumerate(CELLS)}
    there = {
        each.name: result(each.cell, each.seed, base[each.cell] + noise[each.seed] * (place % 3))
        for place, each in enumerate(found)
        if each.seed != 44
    }
    step = decide(told_so, found, there, Spent())
    assert isinstance(step, Draw)
    assert [each.cell for each in step.entries] == [CELLS[0].id]
