"""How alike two pictures of the shape world are, and in what they differ.

Owns one number from 0 (nothing shared) to 1 (the same scene) over what was
measured in both, and the list of differences in words. Knows no pixels.
"""

from collections.abc import Iterator
from itertools import permutations

from darkroom.core.world.measured import Measured, MeasuredObject

_BACKGROUND_SHARE = 0.2
_FAR = 0.35
"""Objects moved by this fraction of the side share no place at all."""


def likeness(before: Measured, after: Measured) -> tuple[float, tuple[str, ...]]:
    """Compare two scenes, matching their objects as favourably as possible."""
    same_ground = before.background.word == after.background.word
    share, changes = _objects(before.objects, after.objects)
    score = _BACKGROUND_SHARE * same_ground + (1 - _BACKGROUND_SHARE) * share
    if not same_ground:
        words = f"background: {before.background.word} became {after.background.word}"
        changes = (words, *changes)
    return round(score, 4), changes


def _objects(
    before: tuple[MeasuredObject, ...], after: tuple[MeasuredObject, ...]
) -> tuple[float, tuple[str, ...]]:
    larger, smaller = (before, after) if len(before) >= len(after) else (after, before)
    if not larger:
        return 1.0, ()
    pairings = permutations(larger[:6], len(smaller[:6]))
    best = max(pairings, key=lambda chosen: _total(chosen, smaller))
    pairs = list(zip(best, smaller, strict=False))
    if larger is after:
        pairs = [(first, second) for second, first in pairs]
    changes = [text for first, second in pairs for text in _changes(first, second)]
    if len(before) != len(after):
        changes.append(f"proportions: {len(before)} objects became {len(after)}")
    return _total(best, smaller) / len(larger), tuple(changes)


def _total(chosen: tuple[MeasuredObject, ...], other: tuple[MeasuredObject, ...]) -> float:
    return sum(_alike(first, second) for first, second in zip(chosen, other, strict=False))


def _alike(first: MeasuredObject, second: MeasuredObject) -> float:
    """Colour, shape, size and place weigh the same."""
    words = sum(
        getattr(first, name).word == getattr(second, name).word
        for name in ("colour", "shape", "size")
    )
    moved = ((first.x - second.x) ** 2 + (first.y - second.y) ** 2) ** 0.5
    return (words + max(0.0, 1 - moved / _FAR)) / 4


def _changes(first: MeasuredObject, second: MeasuredObject) -> Iterator[str]:
    for name in ("colour", "shape", "size"):
        old, new = getattr(first, name).word, getattr(second, name).word
        if old != new:
            yield f"{name}: the {first} has become {new}"
    if (first.place, second.place) != (None, None) and first.place != second.place:
        yield f"place: the {first} is now at: {second.place or 'no named place'}"
