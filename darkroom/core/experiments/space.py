"""What an adaptive experiment may choose from: ranges, choices, and when they apply.

Owns the records of a search space, how a drawn number becomes one that a person would
write, and how many combinations there are. Draws nothing and knows no optimiser.
"""

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Literal, TypeAlias

from darkroom.core.canonical import canonical_json
from darkroom.core.experiments.cells import Scalar

Goal: TypeAlias = Literal["maximise", "minimise"]
Point: TypeAlias = Mapping[str, Scalar]

_DIGITS = 4
"""Digits of a number without a step: of the range's width, or with log of the number."""
_GRID_DIGITS = 10


@dataclass(frozen=True)
class Range:
    """Numbers from low to high; with a step only those, with log small ones as often as large."""

    name: str
    low: float
    high: float
    step: float | None = None
    log: bool = False
    whole: bool = False

    @property
    def top(self) -> float:
        """The highest number that the step reaches; whole numbers step by one at least."""
        step = self.stride
        if step is None:
            return self.high
        return self._on_grid(math.floor((self.high - self.low) / step + 1e-9))

    @property
    def stride(self) -> float | None:
        """From one number to the next; None where every number between counts."""
        return self.step or (1.0 if self.whole else None)

    @property
    def values(self) -> tuple[Scalar, ...] | None:
        """All numbers of it, lowest first; None where there is no end of them."""
        count = self.count
        if count is None:
            return None
        return tuple(self.settle(self._on_grid(place)) for place in range(count))

    @property
    def count(self) -> int | None:
        """How many numbers it has; None where there is no end of them."""
        step = self.stride
        return None if step is None else math.floor((self.high - self.low) / step + 1e-9) + 1

    def settle(self, value: float) -> int | float:
        """Turn a drawn number into one of the range that a person would write."""
        held = min(max(value, self.low), self.top)
        if self.stride is not None:
            held = self._on_grid(round((held - self.low) / self.stride))
        elif scale := held if self.log else self.high - self.low:
            held = round(held, _DIGITS - 1 - math.floor(math.log10(scale)))
        held = min(max(held, self.low), self.top)
        return int(held) if self.whole else float(held)

    def _on_grid(self, place: int) -> float:
        return round(self.low + place * (self.stride or 0.0), _GRID_DIGITS)


@dataclass(frozen=True)
class Choice:
    """One of these values; numbers in rising order are known to lie near one another."""

    name: str
    values: tuple[Scalar, ...]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.values)

    @property
    def is_ordered(self) -> bool:
        """Whether neighbours are alike: more than two numbers, each above the one before."""
        fewest = 3
        numbers = [value for value in self.values if isinstance(value, int | float)]
        rising = all(a < b for a, b in pairwise(numbers))
        is_plain = not any(isinstance(value, bool) for value in numbers)
        return len(numbers) == len(self.values) >= fewest and rising and is_plain

    def place_of(self, value: Scalar) -> int | None:
        """Say where a value stands; true is not 1."""
        for place, known in enumerate(self.values):
            if known == value and isinstance(known, bool) == isinstance(value, bool):
                return place
        return None


Dimension: TypeAlias = Range | Choice


@dataclass(frozen=True)
class When:
    """A dimension counts only while another has one of these values."""

    dimension: str
    on: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True)
class Space:
    """All that may be chosen, and what is wanted: quality up, then perhaps seconds down."""

    dimensions: tuple[Dimension, ...]
    goals: tuple[Goal, ...] = ("maximise",)
    conditions: tuple[When, ...] = ()

    def counts(self, dimension: Dimension, point: Point) -> bool:
        """Say whether a dimension applies, given what was chosen of those before it."""
        return all(
            condition.on in point and _among(point[condition.on], condition.values)
            for condition in self.conditions
            if condition.dimension == dimension.name
        )

    def settled(self, point: Point) -> dict[str, Scalar] | None:
        """Keep of a point what applies, in our order; None where it is not of this space."""
        kept: dict[str, Scalar] = {}
        for dimension in self.dimensions:
            if not self.counts(dimension, kept):
                continue
            value = _settled(dimension, point.get(dimension.name))
            if value is None:
                return None
            kept[dimension.name] = value
        return kept

    def size(self) -> int | None:
        """How many combinations there are at most; None where there is no end of them."""
        counts = [dimension.count for dimension in self.dimensions]
        return None if None in counts else math.prod(count or 0 for count in counts)

    def points(self) -> Generator[dict[str, Scalar]]:
        """Yield each combination once; only for a space whose size is known."""
        names = [dimension.name for dimension in self.dimensions]
        seen: set[bytes] = set()
        for values in product(*(dimension.values or () for dimension in self.dimensions)):
            kept = self.settled(dict(zip(names, values, strict=True))) or {}
            if (same := canonical_json(kept)) not in seen:
                seen.add(same)
                yield kept


@dataclass(frozen=True)
class Told:
    """What is known of a point: a value per goal; None where it is pending or failed."""

    point: Point
    values: tuple[float, ...] | None


def mistakes_of(space: Space) -> tuple[str, ...]:
    """Say all that is wrong with a space, each with the name it concerns."""
    found = [text for dimension in space.dimensions for text in _mistakes(dimension)]
    earlier: set[str] = set()
    for dimension in space.dimensions:
        if dimension.name in earlier:
            found.append(f"{dimension.name}: declared twice")
        found += [
            f"{dimension.name}: depends on {condition.on!r}, which must be declared before it"
            for condition in space.conditions
            if condition.dimension == dimension.name and condition.on not in earlier
        ]
        earlier.add(dimension.name)
    found += [
        f"{condition.dimension}: has a condition but is not declared"
        for condition in space.conditions
        if condition.dimension not in earlier
    ]
    return tuple(found)


def _mistakes(dimension: Dimension) -> list[str]:
    if isinstance(dimension, Range):
        tests = _tests(dimension)
        return [f"{dimension.name}: {text}" for is_wrong, text in tests if is_wrong]
    return [] if dimension.values else [f"{dimension.name}: there is nothing to choose from"]


def _tests(told: Range) -> Sequence[tuple[bool, str]]:
    ends = (told.low, told.high, told.step or 1.0)
    if not all(math.isfinite(number) for number in ends):
        return ((True, "low, high and step must be finite numbers"),)
    is_broken = any(not number.is_integer() for number in map(float, ends))
    return (
        (told.low > told.high, f"low {told.low:g} is above high {told.high:g}"),
        (told.step is not None and told.step <= 0, "the step must be above 0"),
        (told.log and told.low <= 0, "with log, low must be above 0"),
        (told.log and told.step is not None, "log and step exclude each other"),
        (told.whole and is_broken, "low, high and step must be whole numbers"),
    )


def _settled(dimension: Dimension, value: Scalar | None) -> Scalar | None:
    if isinstance(dimension, Choice):
        place = None if value is None else dimension.place_of(value)
        return None if place is None else dimension.values[place]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return dimension.settle(value) if dimension.low <= value <= dimension.high else None


def _among(value: Scalar, values: tuple[Scalar, ...]) -> bool:
    return Choice("", values).place_of(value) is not None
