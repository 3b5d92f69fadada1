"""Contradictions between entries of rules.yaml, found beside mistakes of shape."""

from typing import Any

import pytest

from darkroom.core.config.rule_checks import rule_faults
from darkroom.core.config.rules import MOST_ENTRIES
from darkroom.core.config.tree import dotted


def found(criteria: object = (), questions: object = ()) -> list[tuple[str, str]]:
    document = {"acceptance_criteria": _listed(criteria), "questions": _listed(questions)}
    return [(dotted(fault.path), fault.message) for fault in rule_faults(document)]


def _listed(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def criterion(field: str, **more: Any) -> dict[str, Any]:
    return {"field": field, "question": "Is it so?", **more}


def question(field: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"field": field, "question": "What is it?", "type": kind, **more}


def test_rules_without_contradictions_have_no_faults() -> None:
    criteria = (
        criterion("a", min=0, max=1, must_include=["tie"]),
        criterion("b", depends_on=["a"], type="number", min=0.5, max=1),
        criterion("c", depends_on="b", ban_terms=["hat"]),
    )
    questions = (
        question("b", "number", enum=[0.5, 1]),
        question("q", "integer", min=1, max=4, enum=[1, 2]),
        question("r", "array", items=["x"], enum=["x", "y"]),
        question("s", "string", enum=["no", "yes"]),
    )
    assert found(criteria, questions) == []


@pytest.mark.parametrize(
    ("entry", "place", "words"),
    [
        (criterion("a", min=1, max=0), "min", "min 1 is above max 0"),
        (criterion("a", max=2), "max", "0 or 1, not 2"),
        (criterion("a", type="string", min=1), "min", "no meaning for type string"),
        (criterion("a", type="integer", max=1.5), "max", "must be whole"),
        (criterion("a", type="number", enum=["x"]), "enum[0]", "expected a number by its type"),
        (criterion("a", type="string", enum=[True]), "enum[0]", "expected text by its type"),
        (criterion("a", type="boolean", enum=[1]), "enum[0]", "expected true or false"),
        (criterion("a", type="number", max=1, enum=[2]), "enum[0]", "outside min and max"),
        (criterion("a", type="integer", min=1, enum=[0]), "enum[0]", "outside min and max"),
        (criterion("a", type="string", items=["x"]), "items", "is for type array"),
        (criterion("a", depends_on=["nope"]), "depends_on[0]", "no criterion"),
        (criterion("a", must_include=["Tie"], avoid_terms=["tie "]), "must_include[0]", "avoid"),
        (criterion("a", must_include=["Tie"], ban_terms=["tie"]), "must_include[0]", "ban_terms"),
    ],
)
def test_contradictions_within_one_criterion(entry: dict[str, Any], place: str, words: str) -> None:
    faults = [(path, message) for path, message in found((entry,)) if words in message]
    assert [path for path, _ in faults] == [f"acceptance_criteria[0].{place}"]


def test_a_field_used_twice_is_told_where_it_stands_again() -> None:
    faults = found((criterion("a"), criterion("a"), criterion("a")))
    assert [path for path, _ in faults] == [f"acceptance_criteria[{n}].field" for n in (1, 2)]


def test_a_criterion_and_its_question_must_agree_on_the_type() -> None:
    faults = found((criterion("a"),), (question("a", "number"),))
    assert faults == [
        ("acceptance_criteria[0].type", "the question 'a' has type number, its criterion boolean")
    ]


def test_a_parent_that_is_misspelt_is_named() -> None:
    document = {
        "acceptance_criteria": [criterion("wears_tie"), criterion("b", depends_on="wear_tie")]
    }
    assert [fault.nearest for fault in rule_faults(document)] == ["wears_tie"]


def test_every_circle_is_told_once() -> None:
    criteria = (
        criterion("a", depends_on=["b"]),
        criterion("b", depends_on=["a"]),
        criterion("c", depends_on=["c"]),
        criterion("d", depends_on=["a"]),
    )
    circles = [message for _, message in found(criteria) if "circle" in message]
    assert len(circles) == 2
    assert "goes round in a circle: c -> c" in circles


def test_of_very_many_circles_the_first_are_told() -> None:
    criteria = tuple(criterion(f"c{n}", depends_on=[f"c{n}"]) for n in range(30))
    assert len(found(criteria)) == 10


def test_a_term_banned_by_another_criterion_names_it() -> None:
    faults = found((criterion("a", must_include=["hat"]), criterion("b", ban_terms=["HAT"])))
    assert faults == [("acceptance_criteria[0].must_include[0]", "'hat' is also in ban_terms of b")]


def test_a_term_banned_by_a_nameless_criterion_is_still_told() -> None:
    faults = found((criterion("a", must_include=["hat"]), {"ban_terms": ["hat"]}))
    assert "another criterion" in faults[0][1]


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "text",
        {},
        {"acceptance_criteria": None, "questions": 4},
        {"acceptance_criteria": [None, "x", {"field": 3, "type": [], "min": "a", "enum": [None]}]},
        {"acceptance_criteria": [{"enum": "x", "depends_on": 5, "must_include": [[], 1]}]},
        {"questions": [{"field": "a", "type": "strange", "enum": ["x"], "items": 1, "min": True}]},
    ],
)
def test_malformed_documents_are_skipped_not_stumbled_over(document: object) -> None:
    assert list(rule_faults(document)) == []


def test_only_the_allowed_number_of_entries_is_looked_at() -> None:
    names = [criterion(f"c{n}", depends_on=[f"c{n + 1}"]) for n in range(MOST_ENTRIES * 3)]
    assert len(found(tuple(names))) <= 1
