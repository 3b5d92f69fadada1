"""Prompts with alternatives."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.core.experiments.phrases import MOST_VARIANTS, plain_template, read_template


def texts(written: str) -> list[str]:
    return [variant.text for variant in read_template(written).variants()]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a circle", ["a circle"]),
        ("a {red|blue} circle", ["a red circle", "a blue circle"]),
        ("{a|b}{c|d}", ["ac", "ad", "bc", "bd"]),
        ("a {|very }large cat", ["a large cat", "a very large cat"]),
        ("a {big {red|blue}|small} cat", ["a big red cat", "a big blue cat", "a small cat"]),
        ("{c=red|blue} on {c}", ["red on red", "blue on blue"]),
        (r"a \{b\|c\} {x\=1|y}", ["a {b|c} x=1", "a {b|c} y"]),
        (r"a \(b:1.2\) {c|d}", [r"a \(b:1.2\) c", r"a \(b:1.2\) d"]),
        ("a | b", ["a | b"]),
        ("", [""]),
        ("tail\\", ["tail\\"]),
    ],
)
def test_a_template_means_these_prompts(written: str, meant: list[str]):
    assert texts(written) == meant
    assert read_template(written).count == len(meant)


def test_each_choice_has_a_name_and_a_word():
    template = read_template("a {red|blue} {shape=cross | star} and {x|y}")
    assert template.names == ("words_1", "shape", "words_3")
    last = list(template.variants())[-1]
    assert dict(last.words) == {"words_1": "blue", "shape": "star", "words_3": "y"}


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("a {red|blue", "is not closed"),
        ("a } b", "closes nothing"),
        ("a {red} b", "was not made before it"),
        ("a {two words} b", "offers one alternative"),
        ("a {n=red} b", "offers one alternative"),
        ("a {b {n=c|d}|e}", "only outermost"),
        ("a {b {c}|e}", "offers one alternative"),
        ("{n=a|b} {n=c|d}", "two choices are called 'n'"),
        ("{" * 11 + "a|b" + "}" * 11, "deeper than 10"),
        ("{a|b|c|d|e|f|g|h|i|j}" * 5, f"no more than {MOST_VARIANTS}"),
        ("{{x|y}|}{}", "offers one alternative"),
    ],
)
def test_a_mistake_is_told_in_words(written: str, complaint: str):
    with pytest.raises(ValueError, match=complaint):
        read_template(written)


@settings(deadline=None)
@given(st.text(alphabet="ab {}|=\\", max_size=30))
def test_a_plain_template_means_its_own_text(text: str):
    template = plain_template(text)
    assert template.count == 1
    assert next(template.variants()).text == text


@settings(deadline=None)
@given(st.text(alphabet="ab{}|=\\ ", max_size=14))
def test_any_text_is_read_or_refused(text: str):
    try:
        template = read_template(text)
    except ValueError:
        return
    assert len(list(template.variants())) == template.count
