"""Failure patterns: what failed images have in common, said once and with its uncertainty.

Owns what a pattern is, which of many overlapping ones are worth saying, and what a trial
with fresh seeds proves. The words for people are `patterns_advice`'s, counting over all
images is `darkroom.archive.patterns`; sets of images come in as bits of whole numbers.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from darkroom.core.significance import (
    Z95,
    Interval,
    Tally,
    binomial_tail,
    cut_off,
    fisher_greater,
    newcombe,
    wilson,
)

PROMPT = "prompt"
"""The axis of words and phrases in the prompt."""
LORA = "lora"
_CERTAIN = 0.001
_ROUNDING = 1e-9
TRIAL_SURE = 0.05
TRIAL_LEAST = 5
"""Fewer judged images on either side prove nothing."""
TRIAL_MATTERS = 0.3
"""What surely adds less than this to the share that fails is not worth avoiding."""

Status = Literal["candidate", "confirmed", "refuted"]
Verdict = Literal["confirmed", "refuted", "open"]


@dataclass(frozen=True, order=True)
class Item:
    """One thing an image can have: a value on an axis."""

    axis: str
    value: str

    def __str__(self) -> str:
        return f"{self.axis}={self.value}"


Items: TypeAlias = tuple[Item, ...]
Rows: TypeAlias = int
"""A set of images: bit n is the image in row n."""


@dataclass(frozen=True)
class Limits:
    """What a pattern must come to before it is said at all."""

    min_occurrences: int = 10
    failure_threshold: float = 0.7
    min_runs: int = 3
    false_share: float = 0.001
    """Of all that is reported, at most about so much may be luck (Benjamini and Hochberg's q).

    Where there is no pattern, it is also how often one is reported all the same: every single
    value, pair and triple shares this one budget.
    """


@dataclass(frozen=True)
class Cell:
    """Images that share some items, and how many of them failed."""

    items: Items
    rows: Rows
    tally: Tally
    runs: int
    p_value: float
    shared: float = 1.0
    """So many of its images say as much as one, because they resemble each other."""

    @property
    def interval(self) -> Interval:
        """Where its rate may really lie."""
        return interval_of(self.tally, self.shared)

    @property
    def telling(self) -> Tally:
        """Of its images, as many as say something by themselves, rounded to say less."""
        failures = math.floor(self.tally.failures / self.shared + _ROUNDING)
        passed = (self.tally.count - self.tally.failures) / self.shared
        return Tally(failures, failures + math.ceil(passed - _ROUNDING))

    def strength(self, base: float) -> float:
        """How many standard deviations above the base rate; orders cells whose p is 0."""
        spread = math.sqrt(max(self.tally.count * base * (1 - base), 1e-12))
        return (self.tally.failures - self.tally.count * base) / spread


@dataclass(frozen=True)
class Kept:
    """A cell worth saying, and other descriptions of exactly the same images."""

    cell: Cell
    same_as: tuple[Items, ...]


@dataclass(frozen=True)
class Better:
    """Another value on one axis with which the rest of the pattern seldom fails."""

    axis: str
    value: str
    tally: Tally


@dataclass(frozen=True)
class Trial:
    """Fresh images drawn with a pattern and without it, in one round or in several."""

    ids: tuple[str, ...]
    with_it: Tally
    without_it: Tally
    p_value: float
    verdict: Verdict


@dataclass(frozen=True)
class Pattern:
    """One failure pattern as it is reported."""

    items: Items
    tally: Tally
    interval: Interval
    base_rate: float
    p_value: float
    runs: int
    common_category: str | None
    same_as: tuple[Items, ...]
    better: Better | None
    status: Status
    trial: Trial | None
    recommendation: str

    @property
    def failure_rate(self) -> float:
        """The share of its images that failed."""
        return self.tally.rate

    @property
    def sample_count(self) -> int:
        """How many images have it."""
        return self.tally.count

    @property
    def pattern(self) -> dict[str, str]:
        """The items by axis; several on one axis are joined by ` + `."""
        return by_axis(self.items)


def by_axis(items: Items) -> dict[str, str]:
    """Items as {axis: value}; several on one axis are joined by ` + `."""
    named: dict[str, str] = {}
    for item in items:
        named[item.axis] = (
            f"{named[item.axis]} + {item.value}" if item.axis in named else item.value
        )
    return named


def certain(compared: int) -> float:
    """How surely one of so many cells must stand out against another to be said as well."""
    return min(_CERTAIN, 0.05 / max(compared, 1))


def worth_saying(
    cells: Iterable[Cell], failed: Rows, base: float, limits: Limits, tested: int
) -> list[Kept]:
    """Of many cells that are one cause seen from many sides, the few that say it.

    Every cell that was tested might have been a narrower one that fails more by luck.
    """
    cells = list(cells)
    grouped = _by_rows(cells)
    ordered = sorted(grouped, key=lambda kept: (-kept.cell.strength(base), kept.cell.items))
    chosen = _Choice(failed, base, limits, certain(len(cells)), certain(tested))
    for candidate in ordered:
        if chosen.adds(candidate.cell):
            chosen.kept.append(candidate)
    for candidate in reversed(list(chosen.kept)):
        # a later, narrower one may have taken over what made this one fail
        chosen.kept.remove(candidate)
        if chosen.adds(candidate.cell):
            chosen.kept.append(candidate)
    return sorted(chosen.kept, key=lambda kept: (-kept.cell.strength(base), kept.cell.items))


def still_sure(kept: Iterable[Kept], tested: int, limits: Limits) -> list[Kept]:
    """Those that pass the test among what is said, not only among all cells that passed it.

    One cause passes in many cells; counting all of them would let in what is luck.
    """
    kept = list(kept)
    cut = cut_off([one.cell.p_value for one in kept], tested, limits.false_share)
    return [one for one in kept if one.cell.p_value <= cut]


def _by_rows(cells: Iterable[Cell]) -> list[Kept]:
    groups: dict[Rows, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.rows, []).append(cell)
    found: list[Kept] = []
    for group in groups.values():
        first, *others = sorted(group, key=lambda cell: (len(cell.items), cell.items))
        same = tuple(cell.items for cell in others if len(cell.items) == len(first.items))
        found.append(Kept(first, same))
    return found


@dataclass
class _Choice:
    failed: Rows
    base: float
    limits: Limits
    sure: float
    surely_more: float

    def __post_init__(self) -> None:
        self.kept: list[Kept] = []

    def adds(self, cell: Cell) -> bool:
        """Whether the cell says something that the kept ones do not."""
        wider = [kept.cell for kept in self.kept if set(kept.cell.items) < set(cell.items)]
        if any(binomial_tail(cell.telling, one.tally.rate) >= self.surely_more for one in wider):
            return False
        said: Rows = 0
        for kept in self.kept:
            if kept.cell not in wider:
                said |= kept.cell.rows
        return self._fails(cell.rows & ~said)

    def _fails(self, rows: Rows) -> bool:
        tally = Tally((rows & self.failed).bit_count(), rows.bit_count())
        if tally.count < self.limits.min_occurrences:
            return False
        is_high = wilson(tally).high >= self.limits.failure_threshold
        return is_high and binomial_tail(tally, self.base) < self.sure


def interval_of(tally: Tally, shared: float = 1.0) -> Interval:
    """Wilson's interval, where so many images say as much as one."""
    # a count divided by some number is a z multiplied by its root
    return wilson(tally, Z95 * math.sqrt(shared))


def is_pattern(tally: Tally, base: float, limits: Limits, shared: float = 1.0) -> bool:
    """Whether the true rate may reach the threshold and surely lies above the base rate."""
    if tally.count < limits.min_occurrences:
        return False
    interval = interval_of(tally, shared)
    return interval.high >= limits.failure_threshold and interval.low > base


def common_category(categories: Iterable[str | None]) -> str | None:
    """The category most failures have; the first by name of equals; None when none has one."""
    named = Counter(category for category in categories if category)
    return min(named, key=lambda name: (-named[name], name), default=None)


def trial_of(names: tuple[str, ...], with_it: Tally, without_it: Tally, threshold: float) -> Trial:
    """What fresh images prove: nothing yet, the pattern, or that it was luck.

    Too few images to tell refute nothing: the next round's count together with them.
    """
    p_value = fisher_greater(with_it, without_it)
    verdict: Verdict = "open"
    if min(with_it.count, without_it.count) >= TRIAL_LEAST:
        reaches = wilson(with_it).high >= threshold
        if p_value < TRIAL_SURE and reaches:
            verdict = "confirmed"
        elif not reaches or newcombe(with_it, without_it).high < TRIAL_MATTERS:
            verdict = "refuted"
    return Trial(names, with_it, without_it, p_value, verdict)


def status_of(trial: Trial | None) -> Status:
    """What is found in old images is a candidate; only fresh ones confirm or refute it."""
    if trial is None or trial.verdict == "open":
        return "candidate"
    return trial.verdict
