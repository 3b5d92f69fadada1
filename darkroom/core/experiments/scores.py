"""What the cells of an experiment scored, and how sure that is.

Owns the mean of a cell with its interval over seeds (repeats of one seed count once), the
share that passed, and the comparison of two cells by the seeds both have. A cell of which
all seeds scored the same is not taken for certain: its interval is that of a share.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from darkroom.core.experiments.cells import Result
from darkroom.core.significance import Z95, Interval

_T95 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
"""Student's t for a two-sided interval of 95 %, from one degree of freedom on."""
_FEWEST = 2


@dataclass(frozen=True)
class CellScore:
    """One cell as it stands."""

    cell: str
    images: int
    failed: int
    """Images that could not be drawn or judged."""
    seeds: int
    """So many seeds have a score."""
    mean: float | None
    interval: Interval | None
    """None below two seeds."""
    judged: int
    passed: int
    pass_rate: float | None
    pass_interval: Interval | None
    seconds: float | None
    """The mean time of drawing one image."""


@dataclass(frozen=True)
class Difference:
    """How much higher the first cell scores than the second, seed by seed."""

    seeds: int
    mean: float
    interval: Interval | None


def score_of(cell: str, results: Iterable[Result], scale: float) -> CellScore:
    """What one cell scored; results of other cells are passed over."""
    own = [result for result in results if result.cell == cell]
    by_seed = _by_seed(own)
    values = list(by_seed.values())
    verdicts = [result.passed for result in own if result.passed is not None]
    times = [result.seconds for result in own if result.seconds is not None]
    rate = sum(verdicts) / len(verdicts) if verdicts else None
    return CellScore(
        cell=cell,
        images=sum(result.image is not None for result in own),
        failed=sum(result.cause is not None for result in own),
        seeds=len(values),
        mean=math.fsum(values) / len(values) if values else None,
        interval=_interval(values, scale),
        judged=len(verdicts),
        passed=sum(verdicts),
        pass_rate=rate,
        pass_interval=None if rate is None else _share(rate, len(verdicts)),
        seconds=math.fsum(times) / len(times) if times else None,
    )


def ranked(scores: Iterable[CellScore]) -> list[CellScore]:
    """The cells, the highest mean first and those without any last."""
    return sorted(
        scores, key=lambda each: -math.inf if each.mean is None else each.mean, reverse=True
    )


def difference(first: Sequence[Result], second: Sequence[Result], scale: float) -> Difference:
    """Compare two cells by the seeds that both have a score for."""
    one, other = _by_seed(first), _by_seed(second)
    gaps = [one[seed] - other[seed] for seed in one if seed in other]
    if not gaps:
        return Difference(0, 0.0, None)
    mean = math.fsum(gaps) / len(gaps)
    spread = _spread(gaps, scale)
    within = None if spread is None else Interval(mean - spread, mean + spread)
    return Difference(len(gaps), mean, within)


def t95(freedom: int) -> float:
    """Student's t for a two-sided interval of 95 %."""
    if freedom <= len(_T95):
        return _T95[freedom - 1]
    return Z95 + (Z95**3 + Z95) / (4 * freedom)


def _by_seed(results: Iterable[Result]) -> Mapping[int, float]:
    """The mean score of each seed."""
    found: dict[int, list[float]] = {}
    for result in results:
        if result.score is not None:
            found.setdefault(result.seed, []).append(result.score)
    return {seed: math.fsum(values) / len(values) for seed, values in found.items()}


def _interval(values: Sequence[float], scale: float) -> Interval | None:
    spread = _spread(values, scale)
    if spread is None:
        return None
    mean = math.fsum(values) / len(values)
    if len(set(values)) == 1:
        share = _share(min(1.0, max(0.0, mean / scale)), len(values))
        return Interval(share.low * scale, share.high * scale)
    return Interval(max(0.0, mean - spread), min(scale, mean + spread))


def _spread(values: Sequence[float], scale: float) -> float | None:
    """Half the width of the interval of a mean."""
    count = len(values)
    if count < _FEWEST:
        return None
    mean = math.fsum(values) / count
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    if len(set(values)) == 1:
        # as if it lay at an end of its scale: few equal values are no certainty
        alike = _share(1.0, count)
        return (alike.high - alike.low) * scale / 2
    return t95(count - 1) * math.sqrt(variance / count)


def _share(rate: float, count: int) -> Interval:
    """Wilson's interval of a share, which need not be a whole number of whole ones."""
    scale = 1 + Z95 * Z95 / count
    centre = rate + Z95 * Z95 / (2 * count)
    spread = Z95 * math.sqrt(rate * (1 - rate) / count + Z95 * Z95 / (4 * count * count))
    low = (centre - spread) / scale if rate > 0 else 0.0
    high = (centre + spread) / scale if rate < 1 else 1.0
    return Interval(low, high)
