from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.wording import Prompts, holds, worded


@dataclass(frozen=True)
class Rule:
    must_include: tuple[str, ...] = ()
    ban_terms: tuple[str, ...] = ()
    avoid_terms: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("prompts", "rule", "positive", "negative"),
    [
        (Prompts("a man", ""), Rule(must_include=("suit",)), "a man, suit", ""),
        (Prompts("a man, Suit", ""), Rule(must_include=("suit",)), "a man, Suit", ""),
        (Prompts("", ""), Rule(must_include=("suit", "tie")), "suit, tie", ""),
        (Prompts("hoodie, a man", "blur"), Rule(ban_terms=("hoodie",)), "a man", "blur, hoodie"),
        (
            Prompts("a red  hoodie here", ""),
            Rule(ban_terms=("RED hoodie",)),
            "a here",
            "RED hoodie",
        ),
        (Prompts("a man", "blur"), Rule(avoid_terms=("jeans",)), "a man", "blur, jeans"),
        (Prompts("suitable", ""), Rule(must_include=("suit",)), "suitable, suit", ""),
        (Prompts("suitable", ""), Rule(ban_terms=("suit",)), "suitable", "suit"),
        (Prompts("a", ""), Rule(must_include=("x",), ban_terms=("X",)), "a", "X"),
        (Prompts("a", "b"), Rule(must_include=(" ",), ban_terms=("",)), "a", "b"),
    ],
)
def test_the_terms_of_a_rule_change_the_prompts(
    prompts: Prompts, rule: Rule, positive: str, negative: str
) -> None:
    assert worded(prompts, [rule]) == Prompts(positive, negative)


WORDS = st.lists(st.sampled_from(["suit", "tie", "red hoodie", "blur", "a man"]), max_size=4)
RULES = st.lists(st.builds(Rule, WORDS.map(tuple), WORDS.map(tuple), WORDS.map(tuple)), max_size=3)


@given(WORDS.map(", ".join), WORDS.map(", ".join), RULES)
def test_applying_the_rules_twice_changes_nothing_more(
    positive: str, negative: str, rules: list[Rule]
) -> None:
    once = worded(Prompts(positive, negative), rules)
    assert worded(once, rules) == once


@given(WORDS.map(", ".join), RULES)
def test_a_banned_term_never_stays_and_a_wanted_one_is_always_there(
    positive: str, rules: list[Rule]
) -> None:
    result = worded(Prompts(positive, ""), rules)
    banned = {term.casefold() for rule in rules for term in rule.ban_terms}
    wanted = {term for rule in rules for term in rule.must_include}
    assert not [term for term in banned if holds(result.positive, term)]
    assert not [t for t in wanted if t.casefold() not in banned and not holds(result.positive, t)]
