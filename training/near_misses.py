"""Captions that are wrong in one point: what the learned pair must tell from the truth.

Owns the changes only; numpy is enough for it, so benchmarks may use it too.
"""

from dataclasses import replace

from numpy.random import Generator

from darkroom.core.world.facts import Facts, ObjectFacts
from darkroom.core.world.vocabulary import BACKGROUNDS, COLOURS, SHAPES, SIZES


def colours_swapped(facts: Facts, rng: Generator) -> Facts | None:
    """The same facts with the colours of two differently coloured objects exchanged."""
    items = list(facts.objects)
    pairs = [
        (a, b)
        for a in range(len(items))
        for b in range(a)
        if items[a].colour != items[b].colour and _differ(items[a], items[b])
    ]
    if not pairs:
        return None
    a, b = pairs[int(rng.integers(len(pairs)))]
    items[a], items[b] = (
        replace(items[a], colour=items[b].colour),
        replace(items[b], colour=items[a].colour),
    )
    return replace(facts, objects=tuple(items))


def _differ(first: ObjectFacts, second: ObjectFacts) -> bool:
    """Whether exchanging colours says something else at all."""
    return (first.shape, first.size) != (second.shape, second.size)


def one_word_changed(facts: Facts, rng: Generator) -> Facts:
    """The same facts with the background or one word of one object replaced."""
    if rng.random() < 0.15:
        other = _other(rng, tuple(BACKGROUNDS), facts.background)
        return replace(facts, background=other)
    items = list(facts.objects)
    at = int(rng.integers(len(items)))
    name, words = (("colour", tuple(COLOURS)), ("shape", SHAPES), ("size", SIZES))[
        int(rng.integers(3))
    ]
    items[at] = replace(items[at], **{name: _other(rng, words, getattr(items[at], name))})
    return replace(facts, objects=tuple(items))


def _other(rng: Generator, words: tuple[str, ...], word: str | None) -> str:
    rest = [candidate for candidate in words if candidate != word]
    return rest[int(rng.integers(len(rest)))]
