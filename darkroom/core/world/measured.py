"""What was measured in a picture, and whether stated facts hold in it.

Owns three-valued truth about a picture: True, False, or None where the measure
is not sure enough. None is never a pass. How pixels become such a record is an
adapter's business.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

from darkroom.core.world.facts import Facts, ObjectFacts
from darkroom.core.world.scene import place_margin, relation_margin
from darkroom.core.world.vocabulary import PLACES

SURE = 0.5
"""A reading below this confidence counts as unknown."""


@dataclass(frozen=True)
class Read:
    """One word read from the picture, with how sure it is from 0 to 1."""

    word: str
    confidence: float

    @property
    def sure(self) -> bool:
        """Whether the word may be relied on."""
        return self.confidence >= SURE


@dataclass(frozen=True)
class MeasuredObject:
    """One thing seen; lengths are fractions of the picture's side, y downwards."""

    colour: Read
    shape: Read
    size: Read
    x: float
    y: float
    radius: float

    @property
    def confidence(self) -> float:
        """How sure the least sure of its words is."""
        return min(self.colour.confidence, self.shape.confidence, self.size.confidence)

    @property
    def place(self) -> str | None:
        """The most telling place word that holds."""
        best = max(
            PLACES, key=lambda place: (place_margin(place, self.x, self.y) >= 0, place.count(" "))
        )
        return best if place_margin(best, self.x, self.y) >= 0 else None

    def __str__(self) -> str:
        words = (read.word if read.sure else "?" for read in (self.size, self.colour, self.shape))
        return " ".join(words)


@dataclass(frozen=True)
class Measured:
    """Everything seen in one picture, largest object first."""

    background: Read
    objects: tuple[MeasuredObject, ...]

    @property
    def count(self) -> int:
        """How many objects were seen."""
        return len(self.objects)

    @property
    def relations(self) -> tuple[tuple[int, str, int], ...]:
        """Every relation that holds between two objects, by their positions in the list."""
        return tuple(
            (first, relation, second)
            for first, second in permutations(range(self.count), 2)
            for relation in ("above", "below", "left of", "right of")
            if related(self.objects[first], relation, self.objects[second])
        )

    @property
    def confidence(self) -> float:
        """How sure the least sure reading of the whole picture is."""
        return min((self.background.confidence, *(item.confidence for item in self.objects)))


@dataclass(frozen=True)
class FactCheck:
    """One stated fact and whether it was seen; None means not sure, and is no pass."""

    fact: str
    met: bool | None


@dataclass(frozen=True)
class FactsMet:
    """The stated facts of one prompt against one picture."""

    checks: tuple[FactCheck, ...]

    @property
    def all_met(self) -> bool:
        """Whether every stated fact was plainly seen."""
        return all(check.met is True for check in self.checks)

    @property
    def share(self) -> float:
        """The share of facts met; 1.0 where nothing was stated."""
        return sum(c.met is True for c in self.checks) / len(self.checks) if self.checks else 1.0


def related(first: MeasuredObject, relation: str, second: MeasuredObject) -> bool:
    """Whether the first object stands in this relation to the second."""
    return relation_margin(relation, (first.x, first.y), (second.x, second.y)) >= 0


def agrees(read: Read, word: str) -> bool | None:
    """Whether a reading says this word, or None where it is not sure."""
    return (read.word == word) if read.sure else None


def words_hold(item: MeasuredObject, facts: ObjectFacts) -> Iterator[tuple[str, bool | None]]:
    """Each stated word of an object against a seen one."""
    for name, read in (("colour", item.colour), ("shape", item.shape), ("size", item.size)):
        word = getattr(facts, name)
        if word is not None:
            yield f"{name} {word}", agrees(read, word)
    if facts.place is not None:
        yield f"place {facts.place}", place_margin(facts.place, item.x, item.y) >= 0


def all_of(truths: Iterator[bool | None]) -> bool | None:
    """Three-valued "and": one False decides, else one None leaves it open."""
    open_ = False
    for truth in truths:
        if truth is False:
            return False
        open_ = open_ or truth is None
    return None if open_ else True


def facts_met(measured: Measured, facts: Facts) -> FactsMet:
    """Check every stated fact, matching stated to seen objects as favourably as possible."""
    checks: list[FactCheck] = []
    if facts.background is not None:
        met = agrees(measured.background, facts.background)
        checks.append(FactCheck(f"background {facts.background}", met))
    if facts.count is not None:
        checks.append(FactCheck(f"count {facts.count}", measured.count == facts.count))
    best: list[FactCheck] = []
    for chosen in _assignments(measured, len(facts.objects)):
        tried = list(_object_checks(chosen, facts))
        if not best or _passes(tried) > _passes(best):
            best = tried
    return FactsMet((*checks, *best))


def _passes(checks: list[FactCheck]) -> int:
    return sum(check.met is True for check in checks)


def _assignments(measured: Measured, wanted: int) -> Iterator[tuple[MeasuredObject | None, ...]]:
    """Ways of giving each stated object a seen one, or nothing where too few were seen."""
    seen: list[MeasuredObject | None] = [*measured.objects[:6]]
    yield from permutations(seen + [None] * max(0, wanted - len(seen)), wanted)


def _object_checks(chosen: tuple[MeasuredObject | None, ...], facts: Facts) -> Iterator[FactCheck]:
    for at, (item, stated) in enumerate(zip(chosen, facts.objects, strict=True), start=1):
        if item is None:
            yield FactCheck(f"object {at}", False)
            continue
        for name, met in words_hold(item, stated):
            yield FactCheck(f"object {at}: {name}", met)
    for fact in facts.relations:
        first, second = chosen[fact.first], chosen[fact.second]
        met = first is not None and second is not None and related(first, fact.relation, second)
        yield FactCheck(f"object {fact.first + 1} {fact.relation} object {fact.second + 1}", met)
