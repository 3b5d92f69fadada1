"""Weights of the composite from a person's ratings, and how much they can be trusted.

Owns the fit (least squares without negative weights, exact for four dimensions), the rank
correlation and its interval. Says how well the weights foretell ratings they were not
fitted to. Draws nothing: whoever resamples brings the draws.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

from darkroom.core.errors import UsageError
from darkroom.core.scoring.calibration import quantile
from darkroom.core.scoring.composite import Weights, weighed
from darkroom.core.sidecar.judging import DIMENSIONS, Dimension

FOLDS = 5
_ALMOST = 1e-12
_LOW, _HIGH = 0.025, 0.975
Draws = Sequence[Sequence[int]]
"""Resamples: each as long as the pairs, of their numbers, with repetition."""


@dataclass(frozen=True)
class Pair:
    """One image with its values per dimension and what a person thinks of it."""

    image: str
    dimensions: Mapping[Dimension, float | None]
    rating: float


@dataclass(frozen=True)
class Correlation:
    """A rank correlation (Spearman) with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Fit:
    """Fitted weights, and what they are worth."""

    weights: Weights
    pairs: int
    dimensions: tuple[Dimension, ...]
    """Those that were fitted; the others keep the share they had."""
    before: Correlation | None
    """Of the weights in use before, on the same pairs."""
    within: Correlation | None
    """Of the fitted weights on the pairs they were fitted to: flattering."""
    held_out: Correlation | None
    """Of weights fitted without the pairs they are tried on: the one to believe."""
    is_weak: bool
    """There are fewer pairs than a good fit needs."""


@dataclass(frozen=True)
class FitRequest:
    """What a fit is made from."""

    pairs: Sequence[Pair]
    before: Weights
    min_pairs: int
    good_pairs: int
    draws: Draws = ()


def fit(request: FitRequest, name: str) -> Fit:
    """Fit weights under a new id, or refuse too few pairs and ratings nothing explains."""
    fitted = _enough(request.pairs, request.min_pairs)
    pairs = _complete(request.pairs, fitted)
    if len(pairs) < request.min_pairs:
        raise _too_few(len(pairs), request.min_pairs)
    weights = _weights(pairs, fitted, request.before, name)
    if weights is None:
        raise UsageError("fit-explains-nothing", "no dimension rises with the ratings")
    ratings = [pair.rating for pair in pairs]
    return Fit(
        weights,
        len(pairs),
        fitted,
        correlation(_composites(pairs, request.before), ratings, request.draws),
        correlation(_composites(pairs, weights), ratings, request.draws),
        correlation(_held_out(pairs, fitted, request.before), ratings, request.draws),
        len(pairs) < request.good_pairs,
    )


def _enough(pairs: Sequence[Pair], min_pairs: int) -> tuple[Dimension, ...]:
    """The dimensions that enough of the rated images have."""
    fitted: list[Dimension] = []
    most = 0
    for name in DIMENSIONS:
        count = sum(pair.dimensions.get(name) is not None for pair in pairs)
        most = max(most, count)
        if count >= min_pairs:
            fitted.append(name)
    if not fitted:
        raise _too_few(most, min_pairs)
    return tuple(fitted)


def _too_few(count: int, needed: int) -> UsageError:
    message = f"{count} rated images have scores; {needed} are needed"
    return UsageError("fit-too-few", message)


def _complete(pairs: Iterable[Pair], fitted: Sequence[Dimension]) -> list[Pair]:
    return [pair for pair in pairs if all(pair.dimensions.get(name) is not None for name in fitted)]


def _composites(pairs: Iterable[Pair], weights: Weights) -> list[float]:
    return [weighed(pair.dimensions, weights)[0] or 0.0 for pair in pairs]


def _weights(
    pairs: Sequence[Pair], fitted: Sequence[Dimension], before: Weights, name: str
) -> Weights | None:
    """The fitted dimensions share what they had together; the others keep theirs."""
    rows = [[pair.dimensions[each] or 0.0 for each in fitted] for pair in pairs]
    found = non_negative(rows, [pair.rating for pair in pairs])
    total = sum(found)
    if total <= 0:
        return None
    kept: dict[str, float] = {}
    for each in DIMENSIONS:
        if each not in fitted:
            kept[each] = before.of(each)
    share = 1 - sum(kept.values())
    shares = {each: share * value / total for each, value in zip(fitted, found, strict=True)}
    return Weights.model_validate({"id": name, **kept, **shares})


def _held_out(pairs: Sequence[Pair], fitted: Sequence[Dimension], before: Weights) -> list[float]:
    """Each pair's composite by weights fitted without it and its fold."""
    found = [0.0] * len(pairs)
    for fold in range(FOLDS):
        rest = [pair for number, pair in enumerate(pairs) if number % FOLDS != fold]
        weights = _weights(rest, fitted, before, "fold") or before
        for number in range(fold, len(pairs), FOLDS):
            found[number] = weighed(pairs[number].dimensions, weights)[0] or 0.0
    return found


def non_negative(rows: Sequence[Sequence[float]], targets: Sequence[float]) -> list[float]:
    """Least squares with an intercept and no negative slope.

    The best slopes are plain least squares on the columns they use, so all few choices of
    columns are tried.
    """
    width = len(rows[0])
    best, least = [0.0] * width, _rest(rows, targets, [0.0] * width)
    for count in range(1, width + 1):
        for columns in combinations(range(width), count):
            slopes = _slopes(rows, targets, columns)
            if slopes is None or min(slopes) < 0:
                continue
            full = [0.0] * width
            for column, slope in zip(columns, slopes, strict=True):
                full[column] = slope
            rest = _rest(rows, targets, full)
            if rest < least - _ALMOST:
                best, least = full, rest
    return best


def _rest(
    rows: Sequence[Sequence[float]], targets: Sequence[float], slopes: Sequence[float]
) -> float:
    left = [
        t - sum(s * v for s, v in zip(slopes, row, strict=True)) for row, t in _zip(rows, targets)
    ]
    middle = fmean(left)
    return sum((value - middle) ** 2 for value in left)


def _zip(
    rows: Sequence[Sequence[float]], targets: Sequence[float]
) -> Iterable[tuple[Sequence[float], float]]:
    return zip(rows, targets, strict=True)


def _slopes(
    rows: Sequence[Sequence[float]], targets: Sequence[float], columns: Sequence[int]
) -> list[float] | None:
    means = [fmean(row[column] for row in rows) for column in columns]
    middle = fmean(targets)
    centred = [[row[c] - m for c, m in zip(columns, means, strict=True)] for row in rows]
    left = [
        [sum(row[i] * row[j] for row in centred) for j in _range(columns)] for i in _range(columns)
    ]
    right = [
        sum(row[i] * (t - middle) for row, t in _zip(centred, targets)) for i in _range(columns)
    ]
    return _solved(left, right)


def _range(columns: Sequence[int]) -> range:
    return range(len(columns))


def _solved(left: list[list[float]], right: list[float]) -> list[float] | None:
    """Gauss with pivots; None where the columns depend on one another."""
    size = len(right)
    table = [[*row, value] for row, value in zip(left, right, strict=True)]
    for step in range(size):
        pivot = max(range(step, size), key=lambda row: abs(table[row][step]))
        if abs(table[pivot][step]) < _ALMOST:
            return None
        table[step], table[pivot] = table[pivot], table[step]
        for row in range(size):
            if row != step:
                factor = table[row][step] / table[step][step]
                table[row] = [a - factor * b for a, b in zip(table[row], table[step], strict=True)]
    return [table[row][size] / table[row][row] for row in range(size)]


def correlation(
    first: Sequence[float], second: Sequence[float], draws: Draws = ()
) -> Correlation | None:
    """Spearman's rank correlation, with an interval from the resamples; None where undefined."""
    value = spearman(first, second)
    if value is None:
        return None
    found = (spearman([first[i] for i in draw], [second[i] for i in draw]) for draw in draws)
    tried = sorted(each for each in found if each is not None)
    if not tried:
        return Correlation(value, value, value)
    return Correlation(value, quantile(tried, _LOW), quantile(tried, _HIGH))


def spearman(first: Sequence[float], second: Sequence[float]) -> float | None:
    """How alike two orders are, from -1 to 1; None where one of them is all ties."""
    a, b = _ranks(first), _ranks(second)
    mean = (len(a) - 1) / 2
    top = sum((x - mean) * (y - mean) for x, y in zip(a, b, strict=True))
    below = sum((x - mean) ** 2 for x in a) * sum((y - mean) ** 2 for y in b)
    return max(-1.0, min(1.0, top / math.sqrt(below))) if below > 0 else None


def _ranks(values: Sequence[float]) -> list[float]:
    """Places in rising order from 0; equal values share the mean of theirs."""
    order = sorted(range(len(values)), key=lambda number: values[number])
    ranks = [0.0] * len(values)
    begin = 0
    while begin < len(order):
        end = begin
        while end + 1 < len(order) and values[order[end + 1]] == values[order[begin]]:
            end += 1
        for number in order[begin : end + 1]:
            ranks[number] = (begin + end) / 2
        begin = end + 1
    return ranks
