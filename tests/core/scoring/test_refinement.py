"""Trying again: it always ends, within its budget, with parameters inside their ranges."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.scoring.refinement import (
    MOST_ATTEMPTS,
    STRATEGIES,
    Attempt,
    BestEffort,
    Draw,
    NoImage,
    RefinementTable,
    RefinePlan,
    StrategyName,
    Success,
    Tried,
    attempt_of,
    best_of,
    drawn_seed,
    next_step,
)

ROOT = Path(__file__).resolve().parents[3]
TABLE = RefinementTable.model_validate(
    yaml.safe_load((ROOT / "defaults" / "refinement.yaml").read_text())
)
SCORES = st.one_of(st.none(), st.floats(0, 10))
SEEDS = st.integers(0, 2**64 - 1)


def plan(strategy: StrategyName = "progressive", **changes: object) -> RefinePlan:
    rows = TABLE.strategies.of(strategy)
    values = {"threshold": 7.0, "max_attempts": 3, "seed": 5, "table": rows} | changes
    return RefinePlan.model_validate({"strategy": strategy, **values})


def tried(number: int, score: float | None, failure: str | None = None) -> Tried:
    return Tried(Attempt(number, number), score, failure)


def series(told: RefinePlan, outcomes: list[tuple[float | None, bool]]) -> tuple[object, list]:
    history: list[Tried] = []
    while isinstance(step := next_step(told, history), Draw):
        score, has_image = outcomes[len(history) % len(outcomes)]
        failure = None if has_image else "no image"
        history.append(Tried(step.attempt, score if has_image else None, failure))
    return step, history


def test_the_shipped_tables_are_those_of_s3() -> None:
    rows = TABLE.strategies
    assert [(r.steps, r.cfg) for r in rows.progressive.attempts] == [
        (30, 7.0),
        (50, 7.5),
        (80, 8.0),
    ]
    assert [(r.steps, r.seed) for r in rows.seed_search.attempts] == [
        (50, 42),
        (50, 1337),
        (50, 9999),
    ]
    assert [r.append for r in rows.prompt_enhance.attempts] == [
        "",
        ", highly detailed, sharp focus",
        ", masterpiece, best quality, 8K, ultra detailed",
    ]
    assert (TABLE.threshold, TABLE.max_attempts, TABLE.strategy) == (7.0, 3, "progressive")


@given(
    st.sampled_from(STRATEGIES),
    st.integers(1, MOST_ATTEMPTS),
    SEEDS,
    st.lists(st.tuples(SCORES, st.booleans()), min_size=1, max_size=8),
)
def test_a_series_ends_within_its_budget_inside_every_range(
    strategy: StrategyName, budget: int, seed: int, outcomes: list[tuple[float | None, bool]]
) -> None:
    told = plan(strategy, max_attempts=budget, seed=seed)
    step, history = series(told, outcomes)
    assert 1 <= len(history) <= budget
    for each in history:
        attempt = each.attempt
        assert 0 <= attempt.seed < 2**64
        assert attempt.steps is None or 1 <= attempt.steps <= 10_000
        assert attempt.cfg is None or 1.0 <= attempt.cfg <= 20.0
    assert [each.attempt.number for each in history] == list(range(1, len(history) + 1))
    assert isinstance(step, Success | BestEffort | NoImage)
    if isinstance(step, Success):
        assert (step.best.score or 0) >= told.threshold
    else:
        assert len(history) == budget


@given(st.sampled_from(STRATEGIES), SEEDS, st.integers(2, 12))
def test_no_attempt_draws_the_same_picture_again(
    strategy: StrategyName, seed: int, budget: int
) -> None:
    told = plan(strategy, max_attempts=budget, seed=seed)
    made = [attempt_of(told, number) for number in range(1, budget + 1)]
    assert len({(a.seed, a.steps, a.cfg, a.append) for a in made}) == budget


@given(st.sampled_from(STRATEGIES), SEEDS)
def test_a_resumed_series_takes_the_same_decisions(strategy: StrategyName, seed: int) -> None:
    told = plan(strategy, seed=seed, max_attempts=6)
    history: list[Tried] = []
    while isinstance(step := next_step(told, history), Draw):
        assert next_step(told, list(history)) == step
        history.append(Tried(step.attempt, 1.0))


def test_it_stops_at_the_first_image_that_is_good_enough() -> None:
    step = next_step(plan(), [tried(1, 3.0), tried(2, 7.0)])
    assert step == Success(tried(2, 7.0))


def test_with_the_budget_spent_the_best_image_is_returned_the_earlier_of_equals() -> None:
    history = [tried(1, 5.0), tried(2, 6.0), tried(3, 6.0)]
    assert next_step(plan(), history) == BestEffort(tried(2, 6.0))


def test_an_image_that_could_not_be_scored_never_passes_but_beats_none() -> None:
    told = plan(threshold=0.0)
    history = [tried(1, None), tried(2, None, "gone"), tried(3, None, "gone")]
    assert next_step(told, history) == BestEffort(tried(1, None))


def test_without_any_image_the_reason_is_told() -> None:
    history = [tried(number, None, f"reason {number}") for number in (1, 2, 3)]
    assert next_step(plan(), history) == NoImage("reason 3")


def test_a_seed_that_is_named_counts_and_a_kept_one_stays() -> None:
    assert [attempt_of(plan("seed_search"), n).seed for n in (1, 2, 3)] == [42, 1337, 9999]
    rows = TABLE.strategies.prompt_enhance
    kept = plan("prompt_enhance", table=rows.model_copy(update={"seed": "kept"}))
    assert [attempt_of(kept, n).seed for n in (1, 2, 3)] == [5, 5, 5]
    assert attempt_of(plan("progressive"), 1).seed == 5
    assert attempt_of(plan("progressive"), 2).seed == drawn_seed(5, 2)


def test_beyond_the_table_the_last_row_is_repeated_from_other_noise() -> None:
    told = plan("seed_search", max_attempts=5)
    fourth = attempt_of(told, 4)
    assert (fourth.steps, fourth.seed) == (50, drawn_seed(5, 4))


@pytest.mark.parametrize(
    ("history", "said"),
    [
        ([], "first"),
        ([tried(1, 3.0)], "scored 3.00, below 7"),
        ([tried(1, None)], "could not be scored"),
        ([tried(1, None, "memory")], "gave no image: memory"),
    ],
)
def test_every_attempt_says_why(history: list[Tried], said: str) -> None:
    step = next_step(plan(), history)
    assert isinstance(step, Draw)
    assert said in step.why


def test_nothing_tried_has_no_best() -> None:
    assert best_of([]) is None
