"""How sure a count makes us: intervals and tests on shares, in plain arithmetic.

Owns the tests that patterns and their trials rest on, for single counts. Whole tables
are tested with arrays elsewhere, against the same definitions. Knows nothing of images.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

Z95 = 1.959963984540054
"""A two-sided interval of 95 %."""
_NOTHING = 1e-17


@dataclass(frozen=True)
class Interval:
    """Where a share may really lie."""

    low: float
    high: float


@dataclass(frozen=True)
class Tally:
    """So many of so many failed."""

    failures: int
    count: int

    @property
    def rate(self) -> float:
        """The share that failed; 0 of nothing is 0."""
        return self.failures / self.count if self.count else 0.0


def wilson(tally: Tally, z: float = Z95) -> Interval:
    """Wilson's score interval; of nothing it is everything."""
    if not tally.count:
        return Interval(0.0, 1.0)
    n, share = tally.count, tally.rate
    centre = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # all or none is exact; rounding must not leave a share just below a threshold of 1
    low = (centre - spread) / scale if tally.failures else 0.0
    high = (centre + spread) / scale if tally.failures < n else 1.0
    return Interval(max(0.0, low), min(1.0, high))


def newcombe(first: Tally, second: Tally) -> Interval:
    """How much more the first may really fail than the second (Newcombe's hybrid score)."""
    one, other = wilson(first), wilson(second)
    difference = first.rate - second.rate
    below = math.hypot(first.rate - one.low, other.high - second.rate)
    above = math.hypot(one.high - first.rate, second.rate - other.low)
    return Interval(difference - below, difference + above)


def binomial_tail(tally: Tally, rate: float) -> float:
    """The chance of at least so many failures if each failed at this rate."""
    if tally.failures <= 0 or rate >= 1.0:
        return 1.0
    if rate <= 0.0:
        return 0.0
    n, odds = tally.count, rate / (1 - rate)
    if tally.failures > n * rate:
        ratios = (odds * (n - k) / (k + 1) for k in range(tally.failures, n + 1))
        return min(1.0, _falling(_chance_of(tally.failures, n, rate), ratios))
    below = tally.failures - 1
    ratios = (k / (odds * (n - k + 1)) for k in range(below, -1, -1))
    return max(0.0, 1.0 - _falling(_chance_of(below, n, rate), ratios))


def _chance_of(k: int, n: int, rate: float) -> float:
    """The chance of exactly k of n."""
    return math.exp(_log_choose(n, k) + k * math.log(rate) + (n - k) * math.log1p(-rate))


def _falling(first: float, ratios: Iterable[float]) -> float:
    """Sum terms that fall from the first on, until they no longer matter."""
    total, term, further = 0.0, first, iter(ratios)
    while term > first * _NOTHING:
        total += term
        term *= next(further, 0.0)
    return total


def fisher_greater(first: Tally, second: Tally) -> float:
    """Fisher's exact test: the chance that the first fails so much more often by luck alone."""
    failures, total = first.failures + second.failures, first.count + second.count
    whole = _log_choose(total, failures)
    most = min(first.count, failures)
    terms = (
        math.exp(_log_choose(first.count, k) + _log_choose(second.count, failures - k) - whole)
        for k in range(first.failures, most + 1)
        if failures - k <= second.count
    )
    return min(1.0, math.fsum(terms))


def cut_off(small: Iterable[float], tested: int, share: float) -> float:
    """Benjamini and Hochberg: the level up to which a p counts, so that few of those are luck.

    `small` holds at least every p up to `share`; `tested` is how many were tested in all.
    """
    found = 0.0
    for rank, p_value in enumerate(sorted(small), 1):
        if p_value <= share * rank / tested:
            found = share * rank / tested
    return found


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
