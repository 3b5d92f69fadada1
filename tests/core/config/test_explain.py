"""Every effective value has an origin, and secrets show only their length."""

from darkroom.core.config.aivis import AIVis
from darkroom.core.config.checking import checked
from darkroom.core.config.explain import Setting, explained
from darkroom.core.config.rules import Rules
from darkroom.core.config.tree import Origin, from_plain


def settings(model: type, values: dict[str, object]) -> dict[str, Setting]:
    tree = from_plain(values, Origin("f.yaml", 4))
    found, problems = checked(model, tree)
    assert problems == ()
    assert found is not None
    return {setting.key: setting for setting in explained(found, tree)}


def test_given_and_built_in_values_are_told_apart() -> None:
    found = settings(AIVis, {"provider": "embedded", "budget": {"calls": 3}})
    assert found["provider"] == Setting("provider", "embedded", "f.yaml:4")
    assert found["budget.calls"].origin == "f.yaml:4"
    assert found["retries"] == Setting("retries", 2, "built in")


def test_a_secret_shows_that_it_is_set() -> None:
    found = settings(AIVis, {"provider": "embedded", "api_key": "sk-canary"})
    assert found["api_key"].value == "set (9 characters)"


def test_entries_of_a_list_have_rows_of_their_own() -> None:
    entry = {"field": "a", "question": "?", "ban_terms": ["x", "y"]}
    found = settings(Rules, {"acceptance_criteria": [entry]})
    assert found["acceptance_criteria[0].field"].value == "a"
    assert found["acceptance_criteria[0].ban_terms"].value == ["x", "y"]
    assert found["questions"].value == []
