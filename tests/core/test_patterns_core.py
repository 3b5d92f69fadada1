"""What a pattern is, which of many are said, and what a trial proves."""

from dataclasses import replace

import pytest

from darkroom.core.patterns import (
    PROMPT,
    Cell,
    Item,
    Items,
    Kept,
    Limits,
    Pattern,
    by_axis,
    certain,
    common_category,
    interval_of,
    is_pattern,
    status_of,
    still_sure,
    trial_of,
    worth_saying,
)
from darkroom.core.significance import Interval, Tally

ANGRY, PROFILE, RAIN = Item("Expression", "angry"), Item("Pose", "profile"), Item("Light", "rain")
LIMITS = Limits()
BASE = 0.1


def rows(*spans: range) -> int:
    return sum(1 << at for span in spans for at in span)


def cell(items: Items, which: int, failed: int) -> Cell:
    tally = Tally((which & failed).bit_count(), which.bit_count())
    return Cell(items, which, tally, 5, 1e-9)


def said(cells: list[Cell], failed: int) -> list[Items]:
    return [kept.cell.items for kept in worth_saying(cells, failed, BASE, LIMITS, len(cells))]


def test_a_narrower_one_that_fails_no_more_is_the_same_cause_again() -> None:
    failed = rows(range(90))
    whole, part = (
        cell((ANGRY,), rows(range(100)), failed),
        cell((ANGRY, RAIN), rows(range(40)), failed),
    )
    assert said([part, whole], failed) == [(ANGRY,)]


def test_a_narrower_one_takes_over_where_it_alone_makes_the_wider_one_fail() -> None:
    failed = rows(range(60))
    wide = cell((ANGRY,), rows(range(100)), failed)
    narrow = cell((ANGRY, PROFILE), rows(range(60)), failed)
    assert said([wide, narrow], failed) == [(ANGRY, PROFILE)]


def test_a_wider_one_goes_when_narrower_ones_leave_nothing_of_it() -> None:
    failed = rows(range(240))
    wide = cell((ANGRY,), rows(range(300)), failed)
    narrow = [
        cell((ANGRY, item), rows(span), failed)
        for item, span in ((RAIN, range(120)), (PROFILE, range(120, 240)))
    ]
    assert sorted(said([wide, *narrow], failed)) == [(ANGRY, RAIN), (ANGRY, PROFILE)]


def test_a_wider_and_a_narrower_one_stay_where_both_say_something() -> None:
    failed = rows(range(200), range(200, 400, 4), range(201, 400, 4), range(202, 400, 4))
    wide = cell((ANGRY,), rows(range(400)), failed)
    narrow = cell((ANGRY, PROFILE), rows(range(200)), failed)
    assert sorted(said([wide, narrow], failed)) == [(ANGRY,), (ANGRY, PROFILE)]


def test_an_item_reads_as_axis_equals_value() -> None:
    assert str(ANGRY) == "Expression=angry"


def test_what_others_explain_is_not_said() -> None:
    failed = rows(range(80))
    cause = cell((ANGRY,), rows(range(80)), failed)
    shadow = cell((RAIN,), rows(range(40), range(80, 88)), failed)
    assert said([shadow, cause], failed) == [(ANGRY,)]


def test_two_causes_are_two_patterns_the_stronger_first() -> None:
    failed = rows(range(150))
    first, second = (
        cell((ANGRY,), rows(range(100)), failed),
        cell((RAIN,), rows(range(100, 150)), failed),
    )
    assert said([second, first], failed) == [(ANGRY,), (RAIN,)]


def test_exactly_the_same_images_are_said_once_with_the_other_names_beside() -> None:
    failed = rows(range(30))
    same = [cell((item,), rows(range(30)), failed) for item in (PROFILE, ANGRY)]
    longer = cell((ANGRY, PROFILE), rows(range(30)), failed)
    (kept,) = worth_saying([*same, longer], failed, BASE, LIMITS, 3)
    assert (kept.cell.items, kept.same_as) == ((ANGRY,), ((PROFILE,),))


def test_too_few_images_of_its_own_are_no_pattern() -> None:
    failed = rows(range(84))
    cause, rest = (
        cell((ANGRY,), rows(range(80)), failed),
        cell((RAIN,), rows(range(70, 84)), failed),
    )
    assert said([cause, rest], failed) == [(ANGRY,)]


def test_the_more_are_compared_the_surer_one_must_be() -> None:
    assert certain(0) == certain(10) == 0.001
    assert certain(5000) == 1e-5


@pytest.mark.parametrize(
    ("tally", "expected"),
    [
        (Tally(9, 9), False),  # too few
        (Tally(65, 100), True),  # may well be 0.7 in truth
        (Tally(40, 100), False),  # surely below the threshold
        (Tally(6, 12), False),  # nearly as many fail anyway
    ],
)
def test_a_pattern_may_reach_the_threshold_and_surely_beats_the_base(
    tally: Tally, expected: bool
) -> None:
    assert is_pattern(tally, 0.3, LIMITS) is expected


def test_the_commonest_category_counts_and_names_decide_ties() -> None:
    assert common_category(["noise", "malformed", None, "noise"]) == "noise"
    assert common_category(["noise", "malformed"]) == "malformed"
    assert common_category([None, None]) is None


@pytest.mark.parametrize(
    ("with_it", "without_it", "verdict"),
    [
        (Tally(11, 12), Tally(1, 12), "confirmed"),
        (Tally(2, 12), Tally(1, 12), "refuted"),
        (Tally(18, 24), Tally(18, 24), "refuted"),
        (Tally(9, 12), Tally(9, 12), "open"),
        (Tally(6, 6), Tally(3, 6), "open"),
        (Tally(4, 6), Tally(3, 6), "open"),
        (Tally(4, 4), Tally(0, 12), "open"),
        (Tally(0, 0), Tally(0, 0), "open"),
    ],
)
def test_what_a_trial_proves(with_it: Tally, without_it: Tally, verdict: str) -> None:
    trial = trial_of(("t",), with_it, without_it, 0.7)
    assert trial.verdict == verdict
    assert status_of(trial) == ("candidate" if verdict == "open" else verdict)


def test_what_nobody_tried_is_a_candidate() -> None:
    assert status_of(None) == "candidate"


def test_a_pattern_reads_as_axis_and_value() -> None:
    words = Item(PROMPT, "cross"), Item(PROMPT, "pink")
    assert by_axis((ANGRY, *words)) == {"Expression": "angry", "prompt": "cross + pink"}
    found = Pattern(
        items=(ANGRY, PROFILE),
        tally=Tally(17, 20),
        interval=Interval(0.6, 0.9),
        base_rate=0.1,
        p_value=0.0,
        runs=4,
        common_category="malformed",
        same_as=(),
        better=None,
        status="candidate",
        trial=None,
        recommendation="",
    )
    assert found.pattern == {"Expression": "angry", "Pose": "profile"}
    assert (found.failure_rate, found.sample_count) == (0.85, 20)


def test_one_cause_that_shows_in_many_cells_lets_no_luck_in() -> None:
    def kept(p_value: float) -> Kept:
        return Kept(Cell((ANGRY,), 1, Tally(9, 10), 5, p_value), ())

    sure, luck = kept(1e-9), kept(4e-6)
    # among forty cells of one cause 4e-6 would pass: 0.001 x 41 of 10,000
    assert still_sure([sure, luck], 10_000, LIMITS) == [sure]
    assert still_sure([], 10_000, LIMITS) == []


@pytest.mark.parametrize(
    ("tally", "shared", "expected"),
    [
        (Tally(30, 40), 1.0, Tally(30, 40)),
        (Tally(30, 40), 10.0, Tally(3, 4)),
        (Tally(30, 40), 4.0, Tally(7, 10)),  # 7.5 failed and 2.5 did not
        (Tally(2, 2), 3.0, Tally(0, 0)),
    ],
)
def test_images_that_resemble_each_other_tell_as_much_as_fewer(
    tally: Tally, shared: float, expected: Tally
) -> None:
    assert Cell((ANGRY,), 1, tally, 5, 0.1, shared).telling == expected


def test_a_narrower_one_whose_images_are_few_drawn_again_is_not_said_as_well() -> None:
    failed = rows(range(90))
    whole = cell((ANGRY,), rows(range(100)), failed)
    part = cell((ANGRY, RAIN), rows(range(80)), failed)
    assert sorted(said([whole, part], failed)) == [(ANGRY,), (ANGRY, RAIN)]
    assert said([whole, replace(part, shared=4.0)], failed) == [(ANGRY,)]


def test_an_interval_is_wider_where_images_resemble_each_other() -> None:
    tally = Tally(30, 40)
    plain, shared = interval_of(tally), interval_of(tally, 4.0)
    assert shared.low < plain.low < plain.high < shared.high
    quarter = interval_of(Tally(75, 100))
    assert interval_of(Tally(300, 400), 4.0).low == pytest.approx(quarter.low)
    assert Cell((ANGRY,), 1, tally, 5, 0.1, 4.0).interval == shared
