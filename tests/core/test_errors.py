import pytest

from darkroom.core.errors import ConfigError, Problem, UsageError


def test_an_error_takes_its_hint_from_the_registry_unless_given_a_better_one() -> None:
    assert "--help" in UsageError("usage", "x").hint
    assert UsageError("usage", "x", hint="do that").hint == "do that"


def test_an_error_as_a_dict_holds_all_a_script_needs() -> None:
    assert UsageError("usage", "what", where="file:3", hint="do").as_dict() == {
        "code": "usage",
        "message": "what",
        "where": "file:3",
        "hint": "do",
        "exit_code": 2,
    }


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("a.yaml", 3, "cfg", "expected a number"), "a.yaml:3: cfg: expected a number"),
        (Problem("a.yaml", None, "", "is empty"), "a.yaml: is empty"),
        (
            Problem("a.yaml", 1, "cgf", "unknown key", "cfg"),
            "a.yaml:1: cgf: unknown key (did you mean 'cfg'?)",
        ),
    ],
)
def test_a_problem_reads_as_one_line(problem: Problem, text: str) -> None:
    assert str(problem) == text


@pytest.mark.parametrize(("count", "words"), [(1, "1 mistake in"), (2, "2 mistakes in")])
def test_a_config_error_carries_every_mistake(count: int, words: str) -> None:
    problems = tuple(Problem("a.yaml", n, "k", "m") for n in range(count))
    error = ConfigError("usage", problems)
    assert words in error.message
    rows = error.as_dict()["problems"]
    assert isinstance(rows, list)
    assert len(rows) == count


def test_a_config_error_by_itself_says_its_first_mistakes() -> None:
    problems = tuple(Problem("a.yaml", n, "k", "m") for n in range(1, 8))
    told = str(ConfigError("usage", problems))
    assert told.startswith("7 mistakes in the files: a.yaml:1: k: m; a.yaml:2: k: m; ")
    assert told.endswith("a.yaml:5: k: m; and 2 more")
    assert "more" not in str(ConfigError("usage", problems[:5]))


def test_an_error_can_say_more_later() -> None:
    error = UsageError("usage", "no")
    assert error.extend("; and why") is error
    assert (error.message, str(error)) == ("no; and why", "no; and why")
