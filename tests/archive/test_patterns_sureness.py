"""Images that resemble each other are no proof: those of one run, those drawn again."""

from typing import Any

import numpy as np
import pytest

from darkroom.archive.patterns.sureness import Groups, Sure, Sureness, alikeness, groups_of, tail
from darkroom.archive.patterns.table import Table
from darkroom.core.significance import Tally, binomial_tail

SURE = 1e-6


def looked_at(has: Any, failed: Any, runs: Any, twins: Any = None, tested: int = 1000) -> Sure:
    count = len(failed)
    table = Table([""] * count, failed, runs, (), (), np.zeros((count, 0), bool), [], twins)
    tally = Tally(int((has & failed).sum()), int(has.sum()))
    return Sureness(table, tested).of(has, tally)


def in_runs(runs: int, images: int) -> Any:
    return np.repeat(np.arange(runs), images)


def test_what_fails_more_than_the_rest_of_its_own_runs_is_sure_however_runs_differ() -> None:
    chance = np.random.default_rng(1)
    runs = in_runs(40, 25)
    has = chance.random(1000) < 0.1
    failed = (chance.random(1000) < np.where(runs % 4 == 0, 0.7, 0.05)) | has
    assert looked_at(has, failed, runs).p_value < SURE


def test_what_was_used_in_one_bad_run_and_hardly_elsewhere_is_not_sure() -> None:
    chance = np.random.default_rng(2)
    runs = in_runs(40, 25)
    failed = chance.random(1000) < np.where(runs == 0, 0.95, 0.08)
    has = runs == 0
    has[[30, 60, 90]] = True
    seen = looked_at(has, failed, runs)
    assert binomial_tail(Tally(int((has & failed).sum()), int(has.sum())), failed.mean()) < 1e-9
    assert seen.p_value > SURE
    assert seen.runs == 4


def test_whole_runs_are_a_proof_where_they_are_many_and_others_do_not_differ() -> None:
    chance = np.random.default_rng(3)
    runs = in_runs(40, 25)
    has = runs < 10
    failed = chance.random(1000) < np.where(has, 0.85, 0.1)
    assert looked_at(has, failed, runs).p_value < SURE


def test_whole_runs_are_none_where_runs_differ_as_much_by_themselves() -> None:
    chance = np.random.default_rng(4)
    runs = in_runs(40, 25)
    has = runs < 6
    failed = chance.random(1000) < np.where(has | (runs % 3 == 0), 0.8, 0.1)
    assert looked_at(has, failed, runs).p_value > SURE


@pytest.mark.parametrize(("tested", "is_sure"), [(5, True), (5000, False)])
def test_three_whole_runs_prove_something_only_where_little_was_looked_at(
    tested: int, is_sure: bool
) -> None:
    runs = in_runs(6, 4)
    has = runs < 3
    assert (looked_at(has, has.copy(), runs, tested=tested).p_value < 1e-3) is is_sure


def test_what_was_mostly_used_when_everything_failed_is_not_sure() -> None:
    chance = np.random.default_rng(6)
    runs = in_runs(64, 20)
    is_bad_day = (runs >= 16) & (runs < 24)
    has = chance.random(1280) < np.where(is_bad_day, 0.7, 0.02)
    failed = chance.random(1280) < np.where(is_bad_day, 0.9, 0.1)
    assert looked_at(has, failed, runs).p_value > 0.1


def test_what_was_used_at_one_time_only_is_sure_where_nothing_else_was_used_then() -> None:
    chance = np.random.default_rng(7)
    runs = in_runs(64, 20)
    has = (runs >= 16) & (runs < 32)
    failed = chance.random(1280) < np.where(has, 0.85, 0.1)
    assert looked_at(has, failed, runs).p_value < SURE


def test_runs_of_one_day_are_alike_and_prove_little_where_days_differ() -> None:
    chance = np.random.default_rng(8)
    runs = in_runs(80, 20)
    day = runs // 8
    has = np.isin(day, (1, 6)) & (runs % 2 == 0)
    by_day = np.array([0.1, 0.75, 0.1, 0.1, 0.75, 0.1, 0.75, 0.1, 0.75, 0.1])
    failed = chance.random(1600) < by_day[day]
    assert binomial_tail(Tally(int((has & failed).sum()), int(has.sum())), failed.mean()) < SURE
    assert looked_at(has, failed, runs).p_value > 1e-2


def test_an_image_drawn_again_counts_once() -> None:
    chance = np.random.default_rng(5)
    drawn = chance.integers(0, 120, 600)
    came = chance.random(120) < 0.3
    came[:4] = True
    failed, has, runs = came[drawn], drawn < 4, chance.integers(0, 30, 600)
    assert looked_at(has, failed, runs).p_value < SURE
    again = looked_at(has, failed, runs, twins=drawn)
    assert again.p_value > 1e-3
    assert again.shared > 3


def test_likeness_is_none_where_groups_do_not_differ_and_whole_where_they_are_of_one_mind() -> None:
    groups = in_runs(50, 20)
    assert alikeness(groups_of(groups, groups % 2 == 0)) == pytest.approx(1.0)
    assert alikeness(groups_of(groups, np.tile([True, False], 500))) == 0.0
    assert alikeness(groups_of(np.arange(9), np.arange(9) > 4)) == 0.0
    nothing = Groups(np.zeros(3, dtype=np.int64), np.zeros(3))
    assert alikeness(nothing, groups_of(groups, groups % 2 == 0)) > 0.9


def test_the_tail_is_the_core_s_where_every_image_counts() -> None:
    tally = Tally(17, 30)
    assert tail(tally, 0.3, 1.0) == pytest.approx(binomial_tail(tally, 0.3))
    assert tail(tally, 0.3, 2.0) > tail(tally, 0.3, 1.0)
    assert tail(Tally(3, 30), 0.3, 1.0) == 1.0
