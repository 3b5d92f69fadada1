"""Counting over codes and words agrees with counting one by one; axes are as said."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binom

from darkroom.archive.patterns import counting
from darkroom.archive.patterns.counting import count
from darkroom.archive.patterns.passing import are_patterns
from darkroom.archive.patterns.table import Axis, Table, axis_of, bits
from darkroom.core.patterns import PROMPT, Item, Limits, is_pattern
from darkroom.core.significance import Tally, binomial_tail

ANYTHING = Limits(min_occurrences=1, failure_threshold=1e-9, min_runs=1, false_share=0.999999)
"""So loose that nearly every cell that fails more than the base survives."""


def table(count: int, seed: int, axes: int = 3, words: int = 0) -> Table:
    chance = np.random.default_rng(seed)
    failed = chance.random(count) < 0.3
    return Table(
        keys=[str(at) for at in range(count)],
        failed=failed,
        runs=chance.integers(0, 10, count),
        axes=tuple(
            Axis(f"axis{at}", ("a", "b", "c"), chance.integers(0, 4, count)) for at in range(axes)
        ),
        words=tuple(Item(PROMPT, f"word{at}") for at in range(words)),
        has_word=chance.random((count, words)) < 0.4,
        categories=[None] * count,
    )


def _has(made: Table, item: Item) -> np.ndarray:
    if item in made.words:
        return made.has_word[:, made.words.index(item)]
    axis = next(axis for axis in made.axes if axis.name == item.axis)
    return axis.codes == axis.values.index(item.value) + 1


@pytest.mark.parametrize("words", [0, 4])
def test_every_cell_has_the_counts_of_a_plain_count(words: int) -> None:
    made = table(300, seed=1, words=words)
    for cell in count(made, ANYTHING).cells:
        rows = np.all([_has(made, item) for item in cell.items], axis=0)
        assert (cell.tally.count, cell.tally.failures) == (rows.sum(), made.failed[rows].sum())
        assert cell.rows == bits(rows)
        assert cell.runs == len(set(made.runs[rows]))


def test_all_singles_pairs_and_triples_of_axes_are_tested() -> None:
    made = table(2000, seed=2)
    items = [axis.item(code) for axis in made.axes for code in (1, 2, 3)]
    frequent = 0
    for width in (1, 2, 3):
        for chosen in combinations(items, width):
            if len({item.axis for item in chosen}) == width:
                frequent += int(np.all([_has(made, item) for item in chosen], axis=0).sum() >= 10)
    assert count(made, Limits()).tested == frequent


def test_words_are_paired_with_each_other_and_with_values() -> None:
    made = table(2000, seed=3, axes=1, words=2)
    # 3 values, 2 words, 1 pair of words, 6 of a word and a value; no pair stands out
    assert count(made, Limits()).tested == 12


def test_a_triple_of_words_and_values_is_found_within_a_pair_that_stands_out() -> None:
    made = table(4000, seed=4, axes=2, words=3)
    hit = (made.axes[0].codes == 1) & made.has_word[:, 0] & made.has_word[:, 1]
    failed = made.failed & ~hit | hit
    changed = Table(**{**vars(made), "failed": failed})
    found = {cell.items for cell in count(changed, Limits()).cells}
    assert (Item("axis0", "a"), Item(PROMPT, "word0"), Item(PROMPT, "word1")) in found


def test_a_wide_table_is_packed_without_changing_a_count(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(5)
    values = tuple(f"v{at}" for at in range(40))
    axes = tuple(Axis(f"axis{at}", values, chance.integers(0, 41, 500)) for at in range(3))
    made = Table(**{**vars(table(500, seed=5, axes=0)), "axes": axes})
    assert count(made, ANYTHING).tested > 1000


def test_beyond_many_axes_triples_are_only_looked_for_within_notable_pairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = table(2000, seed=6, axes=4)
    every = count(made, Limits()).tested
    monkeypatch.setattr(counting, "MOST_AXES", 3)
    assert count(made, Limits()).tested < every


@pytest.mark.parametrize("min_runs", [3, 50])
def test_a_pattern_of_too_few_runs_is_left_out(min_runs: int) -> None:
    made = table(1000, seed=8, axes=1)
    failed = (made.axes[0].codes == 1) | made.failed
    changed = Table(**{**vars(made), "failed": failed})
    assert bool(count(changed, Limits(min_runs=min_runs)).cells) is (min_runs == 3)


def test_the_tail_over_arrays_is_the_cores() -> None:
    made = table(500, seed=9)
    for cell in count(made, ANYTHING).cells:
        tail = binomial_tail(cell.tally, made.base)
        assert float(
            binom.sf(cell.tally.failures - 1, cell.tally.count, made.base)
        ) == pytest.approx(tail)


@pytest.mark.parametrize("limits", [Limits(), Limits(2, 0.5), Limits(1, 1.0), Limits(1, 1e-9)])
def test_many_tallies_are_patterns_where_each_by_itself_is_one(limits: Limits) -> None:
    tallies = [Tally(k, n) for n in (*range(1, 40), 700, 31_000) for k in {*range(n + 1)[:50], n}]
    failures = np.array([tally.failures for tally in tallies])
    counts = np.array([tally.count for tally in tallies])
    for base in (0.02, 0.3, 0.69):
        alone = [is_pattern(tally, base, limits) for tally in tallies]
        assert are_patterns(failures, counts, base, limits).tolist() == alone


def test_an_axis_all_images_share_or_none_has_is_none() -> None:
    assert axis_of("model", [("m", np.arange(5))], 5) is None
    assert axis_of("steps", [], 5) is None
    assert axis_of("model", [("m", np.arange(4))], 5) is not None
