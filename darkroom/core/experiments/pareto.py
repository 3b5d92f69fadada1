"""Which points are beaten by no other: quality up, seconds down.

Owns the order between points and the size of what a front covers. Knows neither images
nor how the points came to be.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """What a point is worth and what it costs."""

    quality: float
    seconds: float


def is_beaten(point: Outcome, other: Outcome) -> bool:
    """Say whether the other is as good in both ways and better in one."""
    as_good = other.quality >= point.quality and other.seconds <= point.seconds
    return as_good and other != point


def front(points: Sequence[Outcome]) -> tuple[int, ...]:
    """Return the places of the points that none beats, cheapest first; equal points all stay."""
    order = sorted(range(len(points)), key=lambda i: (points[i].seconds, -points[i].quality, i))
    kept: list[int] = []
    for place in order:
        last = points[kept[-1]] if kept else None
        if last is None or points[place].quality > last.quality or points[place] == last:
            kept.append(place)
    return tuple(kept)


def hypervolume(points: Sequence[Outcome], worst: Outcome) -> float:
    """Return the area that the points beat, down to the worst that counts; 0 for none."""
    steps = [points[place] for place in front(points)]
    counted = [p for p in steps if p.quality > worst.quality and p.seconds < worst.seconds]
    area, beaten = 0.0, worst.quality
    for point in counted:
        area += (point.quality - beaten) * (worst.seconds - point.seconds)
        beaten = point.quality
    return area
