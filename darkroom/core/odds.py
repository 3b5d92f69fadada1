"""P(Yes) from the probabilities a language model gave its first answer word.

Owns the arithmetic of one-word answers: which tokens count as yes and as no, when
the two together are too unlikely to mean anything, and how the two polarities of
a question are joined. Knows no provider.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

MIN_MASS = 0.5
"""Below this, the model was about to say something that is neither yes nor no."""

EVEN = 0.5
UNSURE_BAND = 0.1
"""How far from one half P(Yes) must lie to count as an answer."""


@dataclass(frozen=True)
class YesOdds:
    """How likely yes was, among yes and no, and how likely either was at all."""

    p_yes: float
    mass: float

    @property
    def verdict(self) -> bool | None:
        """True, False, or None where the model did not commit itself."""
        if self.mass < MIN_MASS or abs(self.p_yes - EVEN) < UNSURE_BAND:
            return None
        return self.p_yes > EVEN


def yes_odds(first_token: Mapping[str, float]) -> YesOdds | None:
    """Read the log-probabilities of the first token; None where neither word occurs."""
    yes = _mass(first_token, "yes")
    no = _mass(first_token, "no")
    if yes + no == 0:
        return None
    return YesOdds(p_yes=yes / (yes + no), mass=min(1.0, yes + no))


def _mass(tokens: Mapping[str, float], word: str) -> float:
    return sum(
        math.exp(min(0.0, logprob))
        for token, logprob in tokens.items()
        if token.strip(" \t\n\r\"'.,:;!*`▁Ġ").casefold() == word and not math.isnan(logprob)
    )


def join_polarities(present: YesOdds, missing: YesOdds) -> YesOdds:
    """Average "is it there?" with the reverse of "is it missing?": removes a bias to yes."""
    return YesOdds(
        p_yes=(present.p_yes + 1 - missing.p_yes) / 2, mass=min(present.mass, missing.mass)
    )
