"""What a caption states about a picture, and the numbers the denoiser reads.

Owns the record of stated facts and its fixed encoding as `FIELD_COUNT` small
integers, zero meaning "not stated". The denoiser hears relations only between
neighbours in the list of objects, so the encoding orders the objects to keep as
many relations as it can, and reports those it could not keep.
"""

from dataclasses import dataclass
from itertools import permutations

from darkroom.core.world.vocabulary import (
    BACKGROUNDS,
    COLOURS,
    MAX_OBJECTS,
    OPPOSITE,
    PLACES,
    RELATIONS,
    SHAPES,
    SIZES,
)


@dataclass(frozen=True)
class ObjectFacts:
    """What is said of one object; None where nothing is."""

    colour: str | None = None
    shape: str | None = None
    size: str | None = None
    place: str | None = None


@dataclass(frozen=True)
class RelationFact:
    """`objects[first]` stands in `relation` to `objects[second]`."""

    first: int
    relation: str
    second: int


@dataclass(frozen=True)
class Facts:
    """Everything a caption states; `count` is None where no number is meant."""

    background: str | None = None
    objects: tuple[ObjectFacts, ...] = ()
    relations: tuple[RelationFact, ...] = ()
    count: int | None = None

    @property
    def stated(self) -> int:
        """How many single facts are stated: the difficulty of the caption."""
        words = sum(
            value is not None
            for item in self.objects
            for value in (item.colour, item.shape, item.size, item.place)
        )
        return (
            words + len(self.relations) + (self.background is not None) + (self.count is not None)
        )


_OBJECT_VOCABULARIES = (tuple(COLOURS), SHAPES, SIZES, PLACES)
FIELD_SIZES = (
    len(BACKGROUNDS) + 1,
    *(len(words) + 1 for _ in range(MAX_OBJECTS) for words in _OBJECT_VOCABULARIES),
    *(len(RELATIONS) + 1 for _ in range(MAX_OBJECTS - 1)),
    MAX_OBJECTS + 1,
)
FIELD_COUNT = len(FIELD_SIZES)
"""Background, four objects of four words, three relations between neighbours, count."""


@dataclass(frozen=True)
class Encoded:
    """The numbers for the denoiser, and the relations that found no room in them."""

    fields: tuple[int, ...]
    left_out: tuple[RelationFact, ...]


def encode(facts: Facts) -> Encoded:
    """The field numbers of these facts, objects ordered to keep most relations."""
    present = range(len(facts.objects))
    order = max(permutations(present), key=lambda order: len(_kept(facts, order)))
    kept = _kept(facts, order)
    numbers = [_number(facts.background, tuple(BACKGROUNDS))]
    for position in range(MAX_OBJECTS):
        item = facts.objects[order[position]] if position < len(order) else ObjectFacts()
        words = (item.colour, item.shape, item.size, item.place)
        numbers += [
            _number(word, names) for word, names in zip(words, _OBJECT_VOCABULARIES, strict=True)
        ]
    for left in range(MAX_OBJECTS - 1):
        relation = next((word for at, word, _ in kept if at == left), None)
        numbers.append(_number(relation, RELATIONS))
    numbers.append(facts.count or 0)
    used = {fact for _, _, fact in kept}
    return Encoded(tuple(numbers), tuple(fact for fact in facts.relations if fact not in used))


def _number(word: str | None, names: tuple[str, ...]) -> int:
    return 0 if word is None else names.index(word) + 1


def _kept(facts: Facts, order: tuple[int, ...]) -> list[tuple[int, str, RelationFact]]:
    """Relations between neighbours of this order: where, which way round, and the fact."""
    place = {item: at for at, item in enumerate(order)}
    kept: dict[int, tuple[int, str, RelationFact]] = {}
    for fact in facts.relations:
        first, second = place[fact.first], place[fact.second]
        if abs(first - second) == 1 and min(first, second) not in kept:
            word = fact.relation if first < second else OPPOSITE[fact.relation]
            kept[min(first, second)] = (min(first, second), word, fact)
    return list(kept.values())
