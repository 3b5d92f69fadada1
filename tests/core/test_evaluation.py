from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.answers import Answer, AnswerValue
from darkroom.core.evaluation import Evaluation, evaluate, judge, parents_first, score_of


@dataclass(frozen=True)
class Rule:
    field: str
    type: str = "boolean"
    min: float | None = 0
    max: float | None = 1
    weight: float = 1.0
    depends_on: tuple[str, ...] = ()


def answers(**values: AnswerValue) -> dict[str, Answer]:
    return {
        name: Answer(name, value, reason=None if value is not None else "unclear")
        for name, value in values.items()
    }


@pytest.mark.parametrize(
    ("rule", "value", "passed"),
    [
        (Rule("f"), True, True),
        (Rule("f"), False, False),
        (Rule("f", min=0, max=0), False, True),
        (Rule("f", min=0, max=0), True, False),
        (Rule("f", "number", 0.7, 1), 0.7, True),
        (Rule("f", "number", 0.7, 1), 0.69, False),
        (Rule("f", "integer", 2, 4), 5, False),
        (Rule("f", "integer", None, None), 5, True),
        (Rule("f", "string"), "a suit", True),
        (Rule("f", "array"), (), False),
        (Rule("f"), None, None),
    ],
)
def test_a_criterion_passes_within_its_bounds(
    rule: Rule, value: AnswerValue, passed: bool | None
) -> None:
    assert judge(rule, answers(f=value)["f"]).passed is passed


def test_the_score_is_passed_over_total_in_percent() -> None:
    result = evaluate([Rule("a"), Rule("b"), Rule("c")], answers(a=True, b=False, c=True))
    assert result.score == pytest.approx(200 / 3)
    assert result.failed == ("b",)
    assert not result.accepted


def test_all_passed_is_accepted_and_a_hundred() -> None:
    result = evaluate([Rule("a"), Rule("b")], answers(a=True, b=True))
    assert (result.accepted, result.score) == (True, 100.0)


def test_unknown_and_unanswered_are_no_pass() -> None:
    result = evaluate([Rule("a"), Rule("b")], answers(a=None))
    assert (result.accepted, result.score, result.failed) == (False, 0.0, ("a", "b"))
    assert [verdict.reason for verdict in result.verdicts] == ["unclear", "not answered"]


def test_a_child_is_skipped_when_its_parent_fails_whatever_the_order() -> None:
    rules = [Rule("tie", depends_on=("suit",)), Rule("suit")]
    result = evaluate(rules, answers(tie=True, suit=False))
    tie = result.verdicts[0]
    assert (tie.field, tie.skipped, tie.passed, tie.reason) == ("tie", True, None, "needs suit")
    assert result.failed == ("suit",)
    assert result.score == 0.0


def test_a_child_counts_when_its_parent_passes() -> None:
    rules = [Rule("tie", depends_on=("suit",)), Rule("suit")]
    assert evaluate(rules, answers(tie=True, suit=True)).accepted


def test_weights_shift_the_score() -> None:
    result = evaluate([Rule("a", weight=3), Rule("b")], answers(a=True, b=False))
    assert result.score == 75.0


def test_nothing_to_judge_is_not_accepted() -> None:
    assert evaluate([], {}) == Evaluation((), 0.0)
    assert not evaluate([], {}).accepted
    assert score_of([judge(Rule("a", weight=0), Answer("a", True))]) == 0.0


def test_a_cycle_is_ordered_without_a_hang() -> None:
    rules = [Rule("a", depends_on=("b",)), Rule("b", depends_on=("a",)), Rule("c")]
    assert {rule.field for rule in parents_first(rules)} == {"a", "b", "c"}
    assert evaluate(rules, answers(a=True, b=True, c=True)).failed == ()


@given(st.lists(st.sampled_from([True, False, None]), max_size=8))
def test_the_score_is_a_hundred_exactly_when_accepted(values: list[bool | None]) -> None:
    rules = [Rule(f"f{n}") for n in range(len(values))]
    result = evaluate(rules, answers(**{f"f{n}": v for n, v in enumerate(values)}))
    assert 0 <= result.score <= 100
    assert result.accepted == (result.score == 100 and bool(values))
