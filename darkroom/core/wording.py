"""How rules change the words of the prompts.

Owns the effect of must_include, ban_terms and avoid_terms: what must be there is
added to the positive prompt, what is banned leaves it and joins the negative one,
what is to be avoided joins the negative one. Applying twice changes nothing more.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Prompts:
    """The positive and the negative prompt of one iteration."""

    positive: str
    negative: str


class WordingRule(Protocol):
    """A criterion, as far as words go."""

    @property
    def must_include(self) -> Sequence[str]:
        """Return the terms the positive prompt must hold."""
        ...

    @property
    def ban_terms(self) -> Sequence[str]:
        """Return the terms the positive prompt must not hold."""
        ...

    @property
    def avoid_terms(self) -> Sequence[str]:
        """Return the terms that belong in the negative prompt."""
        ...


def worded(prompts: Prompts, rules: Iterable[WordingRule]) -> Prompts:
    """Apply the terms of every rule to both prompts."""
    positive, negative = prompts.positive, prompts.negative
    rules = list(rules)
    for rule in rules:
        for term in rule.ban_terms:
            positive = _without(positive, term)
    for rule in rules:
        banned = {term.casefold() for other in rules for term in other.ban_terms}
        positive = _with_terms(
            positive, [t for t in rule.must_include if t.casefold() not in banned]
        )
        negative = _with_terms(negative, [*rule.ban_terms, *rule.avoid_terms])
    return Prompts(positive, negative)


def holds(text: str, term: str) -> bool:
    """Whether the text has the term as whole words, whatever the case."""
    return _pattern(term).search(text) is not None


def _with_terms(text: str, terms: Iterable[str]) -> str:
    for term in terms:
        if term.strip() and not holds(text, term):
            text = f"{text.rstrip(' ,')}, {term.strip()}" if text.strip(" ,") else term.strip()
    return text


def _without(text: str, term: str) -> str:
    if not term.strip() or not holds(text, term):
        return text
    cut = _pattern(term).sub("", text)
    parts = [re.sub(r"\s{2,}", " ", part).strip() for part in cut.split(",")]
    return ", ".join(part for part in parts if part)


def _pattern(term: str) -> re.Pattern[str]:
    words = r"\s+".join(re.escape(word) for word in term.split())
    return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)
