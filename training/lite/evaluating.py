"""What the fitted coefficients can do, on pictures and faults they never saw.

Owns the figures and their intervals: rank correlation within a picture and pooled,
how often a fault is named rightly and wrongly, and whether ruined pictures score low.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from darkroom.adapters.scorers.lite.head import Head
from training.lite.samples import NONE, Sample

Values = NDArray[np.float64]
RESAMPLES, SEED = 400, 5
NAMED = 0.5


@dataclass(frozen=True)
class Figure:
    """A mean with its 95 % interval over pictures drawn again."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Scored:
    """Samples with what the head says of them."""

    samples: Sequence[Sample]
    estimates: dict[str, Values]
    strengths: dict[str, Values]

    def column(self, name: str) -> Values:
        """One property of all samples."""
        return np.array([getattr(sample, name) for sample in self.samples])


def scored(head: Head, samples: Sequence[Sample]) -> Scored:
    """Apply the head to samples whose faults are known."""
    rows = np.stack([sample.row for sample in samples])
    strengths = head.strengths(rows)
    estimates = head.estimates_of(rows, strengths)
    return Scored(
        samples,
        dict(zip(head.estimates, estimates.T, strict=True)),
        dict(zip(head.findings, strengths.T, strict=True)),
    )


def pooled(found: Scored, values: Values, wanted: Values) -> Figure:
    """Rank correlation over all samples at once."""
    pictures = found.column("picture")
    return _interval(pictures, lambda rows: _rank(values[rows], wanted[rows]))


def within(found: Scored, values: Values, fault: str) -> Figure:
    """Rank correlation with severity inside one picture, the mean over pictures."""
    pictures, faults = found.column("picture"), found.column("fault")
    severities = found.column("severity")
    belongs = (faults == fault) | (faults == NONE)
    numbers = np.unique(pictures)
    each = np.array(
        [
            _rank(values[belongs & (pictures == one)], severities[belongs & (pictures == one)])
            for one in numbers
        ]
    )
    return _interval(numbers, lambda rows: float(each[rows].mean()))


def named(found: Scored, finding: str, fault: str, lowest: float) -> float:
    """How often a finding is named on a fault from some severity on."""
    chosen = (found.column("fault") == fault) & (found.column("severity") >= lowest)
    return float(np.mean(found.strengths[finding][chosen] >= NAMED))


def _rank(values: Values, wanted: Values) -> float:
    if np.ptp(values) == 0 or np.ptp(wanted) == 0:
        return 0.0
    return float(spearmanr(values, wanted)[0])


def _interval(pictures: NDArray[np.generic], figure: Callable[[NDArray[np.intp]], float]) -> Figure:
    rng = np.random.default_rng(SEED)
    places = {one: np.flatnonzero(pictures == one) for one in np.unique(pictures)}
    numbers = list(places)
    drawn = [
        figure(
            np.concatenate(
                [places[numbers[at]] for at in rng.integers(0, len(numbers), len(numbers))]
            )
        )
        for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Figure(figure(np.arange(len(pictures))), float(low), float(high))
