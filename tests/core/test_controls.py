import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.controls import (
    CONTROLS,
    Outcome,
    Verdict,
    error_table,
    mirrored,
    of_flip,
    of_no,
    of_order,
    of_repeat,
    of_yes,
    planted,
    worst,
)
from darkroom.core.world.parsing import read_prompt


@given(st.integers(0, 10_000))
def test_what_is_asked_for_is_there_and_what_is_not_shares_no_word_with_it(number: int) -> None:
    plant = planted(number)
    left, right = plant.scene.objects
    assert f"{left.colour} {left.shape}" in plant.shown
    absent = read_prompt(plant.claim).facts.objects[0]
    assert absent.colour not in (left.colour, right.colour)
    assert absent.shape not in (left.shape, right.shape)
    assert plant.claim in plant.absent
    assert plant.note == f"{plant.claim}. {plant.absent} Yes."


def test_a_plant_is_the_same_every_time_and_another_for_each_number() -> None:
    assert planted(7) == planted(7)
    assert len({planted(number).scene for number in range(50)}) > 45


def test_mirroring_turns_the_relation_round_and_back() -> None:
    plant = planted(1)
    left, right = mirrored(plant.scene).objects
    assert left.x > right.x
    assert mirrored(mirrored(plant.scene)).objects[0].x == pytest.approx(plant.scene.objects[0].x)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (of_yes(True), "right"),
        (of_yes(False), "wrong"),
        (of_yes(None), "unknown"),
        (of_no(True), "wrong"),
        (of_no(False), "right"),
        (of_no(None), "unknown"),
        (of_flip(True, False), "right"),
        (of_flip(True, True), "wrong"),
        (of_flip(False, False), "wrong"),
        (of_flip(False, True), "wrong"),
        (of_flip(None, False), "unknown"),
        (of_flip(True, None), "unknown"),
        (of_repeat(True, True), "right"),
        (of_repeat(None, None), "right"),
        (of_repeat(True, None), "wrong"),
        (of_order(0.5, 0.6), "right"),
        (of_order(0.5, 0.7), "wrong"),
        (of_order(None, 0.7), "unknown"),
        (of_order(0.7, None), "unknown"),
    ],
)
def test_each_answer_counts_as_what_it_is(outcome: Outcome, expected: Outcome) -> None:
    assert outcome == expected


@pytest.mark.parametrize(
    ("outcomes", "rate", "verdict"),
    [
        (["right"] * 20, 0.0, "holds"),
        (["right"] * 18 + ["wrong"] * 2, 0.1, "holds"),
        (["right"] * 17 + ["wrong"] * 3, 0.15, "doubtful"),
        (["right"] * 10 + ["wrong"] * 10, 0.5, "fails"),
        (["wrong"], 1.0, "fails"),
        (["unknown"] * 20, 0.0, "holds"),
    ],
)
def test_the_verdict_follows_from_the_rate_and_how_sure_it_is(
    outcomes: list[Outcome], rate: float, verdict: Verdict
) -> None:
    (row,) = error_table({"wrong": outcomes})
    assert (row.rate, row.verdict) == (rate, verdict)
    assert row.low <= row.rate <= row.high
    assert row.asked == len(outcomes)
    assert (row.wrong, row.unknown) == (outcomes.count("wrong"), outcomes.count("unknown"))


def test_never_saying_yes_to_what_is_there_makes_a_judge_useless() -> None:
    (row,) = error_table({"right": ["unknown"] * 10})
    assert (row.wrong, row.rate, row.verdict) == (0, 1.0, "fails")


def test_the_judge_is_as_good_as_its_worst_control() -> None:
    good: list[Outcome] = ["right"] * 20
    doubtful: list[Outcome] = ["right"] * 17 + ["wrong"] * 3
    bad: list[Outcome] = ["wrong"] * 20
    assert worst(error_table({"right": good, "wrong": good})) == "holds"
    assert worst(error_table({"right": good, "wrong": doubtful})) == "doubtful"
    assert worst(error_table({"right": bad, "wrong": doubtful})) == "fails"
    assert worst(()) == "doubtful"


def test_the_table_is_in_the_usual_order_and_leaves_out_what_was_not_asked() -> None:
    outcomes: dict[str, list[Outcome]] = {"repeat": ["right"], "right": ["right"], "wrong": []}
    table = error_table(outcomes)  # pyright: ignore[reportArgumentType]
    assert [row.control for row in table] == ["right", "repeat"]
    assert [row.means for row in table] == [CONTROLS["right"], CONTROLS["repeat"]]
