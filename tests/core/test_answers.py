import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.answers import Answer, answers_schema, read_answer, read_answers
from darkroom.core.odds import YesOdds, join_polarities, yes_odds


@dataclass(frozen=True)
class Ask:
    type: str = "boolean"
    field: str = "f"
    question: str = "Is it?"
    min: float | None = None
    max: float | None = None
    enum: tuple[str | int | float | bool, ...] | None = None


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("boolean", True, True),
        ("boolean", "Yes.", True),
        ("boolean", "FALSE", False),
        ("boolean", 0, False),
        ("boolean", "maybe", None),
        ("boolean", 0.5, None),
        ("number", "0.92", 0.92),
        ("number", 3, 3.0),
        ("number", "many", None),
        ("number", True, None),
        ("number", math.nan, None),
        ("number", 10**400, None),
        ("integer", 4, 4),
        ("integer", "4", 4),
        ("integer", 4.5, None),
        ("integer", None, None),
        ("string", " a suit ", "a suit"),
        ("string", "", None),
        ("string", 7, "7"),
        ("string", {"x": 1}, None),
        ("array", "hat, tie", ("hat", "tie")),
        ("array", ["hat", 2], ("hat", "2")),
        ("array", 3, None),
    ],
)
def test_a_raw_answer_is_read_by_the_type_of_its_question(
    kind: str, raw: object, value: object
) -> None:
    answer = read_answer(Ask(kind), raw)
    assert answer.value == value
    assert type(answer.value) is type(value)
    assert (answer.reason is None) == (value is not None)


@pytest.mark.parametrize(
    ("asked", "raw", "reason"),
    [
        (Ask("number", min=0, max=1), 1.5, "1.5 is above 1"),
        (Ask("integer", min=2), 1, "1 is below 2"),
        (Ask("string", enum=("red", "blue")), "green", "'green' is not one of red, blue"),
        (Ask("array", enum=("hat",)), ["hat", "tie"], "('hat', 'tie') is not one of hat"),
    ],
)
def test_an_answer_out_of_bounds_is_unknown_with_the_reason(
    asked: Ask, raw: object, reason: str
) -> None:
    assert read_answer(asked, raw) == Answer("f", None, reason=reason)


def test_an_allowed_value_passes() -> None:
    assert read_answer(Ask("string", enum=("red",)), "red").value == "red"
    assert read_answer(Ask("number", min=0, max=1), 1).value == 1.0


def test_what_the_reply_left_out_is_unknown() -> None:
    assert read_answers([Ask()], {})[0].reason == "the reply left it out"
    assert read_answers([Ask()], None)[0].reason == "the reply was no JSON object"
    assert read_answers([Ask()], {"f": "yes"})[0].value is True


@given(
    st.sampled_from(["boolean", "number", "integer", "string", "array"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    ),
)
def test_whatever_a_model_says_gives_an_answer_or_unknown(kind: str, raw: object) -> None:
    answer = read_answer(Ask(kind), raw)
    assert (answer.value is None) == (answer.reason is not None)


def test_the_schema_asks_for_every_field_with_its_bounds() -> None:
    schema = answers_schema(
        [
            Ask("number", "n", "How alike?", min=0, max=1),
            Ask("string", "s", enum=("a", "b")),
            Ask("array", "l", enum=("x",)),
            Ask("array", "m"),
        ]
    )
    assert schema["required"] == ["n", "s", "l", "m"]
    assert schema["properties"] == {
        "n": {"type": "number", "description": "How alike?", "minimum": 0, "maximum": 1},
        "s": {"type": "string", "description": "Is it?", "enum": ["a", "b"]},
        "l": {"type": "array", "description": "Is it?", "items": {"type": "string", "enum": ["x"]}},
        "m": {"type": "array", "description": "Is it?", "items": {"type": "string"}},
    }


@pytest.mark.parametrize(
    ("tokens", "p_yes", "verdict"),
    [
        ({"Yes": math.log(0.8), "No": math.log(0.1)}, 0.889, True),
        ({" yes": math.log(0.2), "NO": math.log(0.7)}, 0.222, False),
        ({"Yes": math.log(0.45), "No": math.log(0.5)}, 0.474, None),
        ({"Yes": math.log(0.2), "The": math.log(0.7)}, 1.0, None),
        ({"▁Yes": 0.0, "No": math.nan}, 1.0, True),
    ],
)
def test_p_yes_is_the_share_of_yes_among_yes_and_no(
    tokens: dict[str, float], p_yes: float, verdict: bool | None
) -> None:
    odds = yes_odds(tokens)
    assert odds is not None
    assert odds.p_yes == pytest.approx(p_yes, abs=0.001)
    assert odds.verdict is verdict


def test_no_odds_where_neither_word_was_likely() -> None:
    assert yes_odds({"The": -0.1}) is None
    assert yes_odds({}) is None


def test_asking_both_ways_round_removes_a_bias_to_yes() -> None:
    joined = join_polarities(YesOdds(0.9, 1.0), YesOdds(0.8, 0.9))
    assert joined.p_yes == pytest.approx(0.55)
    assert joined.mass == 0.9
    assert joined.verdict is None
