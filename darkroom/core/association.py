"""Which of two groups of images came out better, and how sure that is.

Owns the interval of a difference between the images that have a value and those that
have not. Images of one run are alike, so certainty grows with runs and not with images
(a cluster-robust variance), and the more values are looked at, the less one of them may
stand out by chance (Benjamini and Hochberg's procedure).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sums:
    """Sums over runs, each run giving n images of a value and s, the sum of their outcomes.

    Outcomes are measured from the mean of all, which keeps the arithmetic exact.
    """

    runs: int
    n: float
    s: float
    nn: float
    ns: float
    ss: float
    n_n_all: float
    n_s_all: float
    s_n_all: float
    s_s_all: float


@dataclass(frozen=True)
class Contrast:
    """How images with a value differ from the others, on average."""

    difference: float
    standard_error: float
    degrees: int

    @property
    def t(self) -> float:
        """The difference in units of its standard error."""
        if self.standard_error > 0:
            return self.difference / self.standard_error
        return math.copysign(math.inf, self.difference) if self.difference else 0.0


def contrast(value: Sums, whole: Sums) -> Contrast | None:
    """Compare the images of a value with all others; None when there are no others."""
    others = whole.n - value.n
    fewest_runs = 2
    if value.n <= 0 or others <= 0 or whole.runs < fewest_runs:
        return None
    mean_here = value.s / value.n
    mean_there = (whole.s - value.s) / others
    # per run: (s - m n) / N_here - ((S - s) - m' (N - n)) / N_there = a s + b n + c S + d N
    a, b = 1 / value.n + 1 / others, -mean_here / value.n - mean_there / others
    c, d = -1 / others, mean_there / others
    total = (
        a * a * value.ss
        + b * b * value.nn
        + 2 * a * b * value.ns
        + c * c * whole.ss
        + d * d * whole.nn
        + 2 * c * d * whole.ns
        + 2 * a * c * value.s_s_all
        + 2 * a * d * value.s_n_all
        + 2 * b * c * value.n_s_all
        + 2 * b * d * value.n_n_all
    )
    variance = max(total, 0.0) * whole.runs / (whole.runs - 1)
    return Contrast(mean_here - mean_there, math.sqrt(variance), max(value.runs - 1, 1))


def false_discovery_rates(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's q for each p, in the same order."""
    count = len(p_values)
    order = sorted(range(count), key=lambda place: p_values[place], reverse=True)
    found = [1.0] * count
    least = 1.0
    for index, place in enumerate(order):
        least = min(least, p_values[place] * count / (count - index))
        found[place] = least
    return found
