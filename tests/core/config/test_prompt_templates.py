"""Templates hold only placeholders they know, and are filled without surprises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.config.checking import checked
from darkroom.core.config.prompts import SLOTS, PromptTemplates, filled, placeholders
from darkroom.core.config.tree import Origin, from_plain


def whole(**texts: str) -> dict[str, str]:
    fitting = {
        name: " ".join(["text", *(f"{{{slot}}}" for slot in slots.needed)])
        for name, slots in SLOTS.items()
    }
    return fitting | texts


def told(**texts: str) -> list[str]:
    _, problems = checked(PromptTemplates, from_plain(dict(whole(**texts)), Origin("f", 1)))
    return [str(problem) for problem in problems]


def test_every_template_has_its_slots() -> None:
    assert set(SLOTS) == set(PromptTemplates.model_fields)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("answer_questions", "{questionz}", "did you mean {questions}?"),
        ("answer_questions", "{zzzzzzzz} {questions}", "this template knows {questions}"),
        ("system", "{zzzzzzzz}", "this template knows none"),
        ("answer_questions", "no slot", "must hold {questions}"),
        ("system", " ", "must not be blank"),
        ("systemm", "x", "did you mean 'system'?"),
    ],
)
def test_templates_that_are_refused(name: str, text: str, message: str) -> None:
    lines = told(**{name: text})
    assert len(lines) == 1
    assert message in lines[0]


def test_json_in_a_template_is_text() -> None:
    assert told(compare_images='{"a": {"b": [1]}} {original_description} {} {1}') == []


def test_placeholders_are_listed_once_in_order() -> None:
    assert placeholders("{b} {a} {b} {not one}") == ("b", "a")


@given(st.text(), st.text())
def test_a_value_is_never_taken_for_a_template(first: str, second: str) -> None:
    template = "<{a}|{b}>"
    assert filled(template, {"a": "{b}" + first, "b": second}) == f"<{{b}}{first}|{second}>"


def test_a_slot_without_a_value_is_left_empty() -> None:
    assert filled("a{x}b", {}) == "ab"
