"""A second held-out judge: the learned pair of encoders, which steers nothing.

Owns how it reads one picture. It shares no code and no weights with the judge that
steers: that one measures pixels, this one was trained on captions. A stated fact holds
where the true caption lies nearer to the picture than every caption that says something
else in its place; of each object one asks also whether the picture would be told better
without it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from darkroom.adapters.embeddings.shapeworld import embed_captions, embed_pictures
from darkroom.core.world.captions import plain_caption
from darkroom.core.world.facts import Facts
from darkroom.core.world.vocabulary import BACKGROUNDS, COLOURS, RELATIONS, SHAPES, SIZES

_Item = TypeVar("_Item")
_WORDS = {"colour": tuple(COLOURS), "shape": SHAPES, "size": SIZES}


@dataclass(frozen=True)
class Reading:
    """What the held-out judge says of one picture."""

    met: int
    stated: int

    @property
    def share(self) -> float:
        """The share of facts that hold."""
        return self.met / self.stated

    @property
    def all_met(self) -> bool:
        """Whether every fact holds."""
        return self.met == self.stated


def read(picture: NDArray[np.uint8], facts: Facts) -> Reading:
    """Judge one picture by one prompt."""
    rivals = [[plain_caption(other) for other in group] for group in _rivals(facts)]
    texts = [plain_caption(facts), *(text for group in rivals for text in group)]
    scores = embed_captions(texts) @ embed_pictures([picture])[0]
    true, at, met = float(scores[0]), 1, 0
    for group in rivals:
        met += bool(true > scores[at : at + len(group)].max())
        at += len(group)
    return Reading(met, len(rivals))


def _rivals(facts: Facts) -> Iterator[list[Facts]]:
    """For every stated fact, the captions that say something else instead."""
    if facts.background:
        others = (word for word in BACKGROUNDS if word != facts.background)
        yield [replace(facts, background=word) for word in others]
    for at in range(len(facts.objects)):
        yield from _of_object(facts, at)
        yield [_without(facts, at)]
    for at, fact in enumerate(facts.relations):
        yield [
            replace(facts, relations=_put(facts.relations, at, replace(fact, relation=word)))
            for word in RELATIONS
            if word != fact.relation
        ]


def _of_object(facts: Facts, at: int) -> Iterator[list[Facts]]:
    item = facts.objects[at]
    for name, words in _WORDS.items():
        said = getattr(item, name)
        yield [
            replace(facts, objects=_put(facts.objects, at, replace(item, **{name: word})))
            for word in words
            if word != said
        ]


def _without(facts: Facts, at: int) -> Facts:
    kept = [number for number in range(len(facts.objects)) if number != at]
    relations = tuple(
        replace(fact, first=kept.index(fact.first), second=kept.index(fact.second))
        for fact in facts.relations
        if at not in (fact.first, fact.second)
    )
    return Facts(facts.background, tuple(facts.objects[number] for number in kept), relations)


def _put(items: tuple[_Item, ...], at: int, item: _Item) -> tuple[_Item, ...]:
    return (*items[:at], item, *items[at + 1 :])
