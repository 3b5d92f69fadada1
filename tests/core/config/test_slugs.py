"""One rule for names of projects, the same on every system."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.config.slugs import checked_slug, is_slug, slug_like
from darkroom.core.errors import UsageError
from darkroom.core.keys import is_key


@pytest.mark.parametrize("name", ["a", "demo", "0", "two-shapes", "a_b", "x" * 64, "com10", "no"])
def test_names_that_are_accepted(name: str) -> None:
    assert checked_slug(name) == name
    assert is_key(f"{name}/working")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "no name"),
        ("../x", "no name"),
        ("/etc", "no name"),
        ("a/b", "no name"),
        ("a\0b", "no name"),
        ("a\n", "no name"),
        (".hidden", "no name"),
        ("-flag", "no name"),
        ("Demo", "'demo' would do"),
        ("My Project", "'my-project' would do"),
        ("cafe\u0301", "'cafe' would do"),
        ("\u0430bc", "no name"),  # a Cyrillic a, which looks like ours
        ("x" * 65, "65 characters"),
        ("con", "Windows"),
        ("lpt9", "Windows"),
        ("\u202eomed", "no name"),
    ],
)
def test_names_that_are_refused(name: str, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked_slug(name)
    assert caught.value.code == "project-name-invalid"
    assert reason in caught.value.message + caught.value.hint


@given(st.text(max_size=80))
def test_any_text_is_a_safe_name_or_refused(name: str) -> None:
    if is_slug(name):
        assert is_key(name)
        assert name.isascii()
    proposal = slug_like(name)
    assert proposal is None or is_slug(proposal)
