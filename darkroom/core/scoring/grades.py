"""Grades: letters for bands of the composite, without a hole between them.

Owns the bands, which are half-open intervals on the unrounded composite, and when a
grade is only provisional. What the composite is made of is `composite`'s to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from darkroom.core.config.fields import Record, Text
from darkroom.core.sidecar.judging import Grade


class Band(Record):
    """One grade: from its number up to, not including, the next higher one."""

    grade: Grade
    from_: Annotated[float, Field(alias="from", ge=0.0, le=10.0, allow_inf_nan=False)]
    meaning: Text


Bands = Annotated[tuple[Band, ...], Field(strict=False, min_length=1)]


def check_bands(bands: Sequence[Band]) -> None:
    """Refuse bands that leave a hole or name a grade twice; ValueError."""
    floors = [band.from_ for band in bands]
    if sorted(floors, reverse=True) != floors or len(set(floors)) < len(floors):
        raise ValueError("the grades must go down, each from a lower number than the one before")
    if floors[-1] != 0:
        raise ValueError("the last grade must begin at 0, or some images would have none")
    if len({band.grade for band in bands}) < len(bands):
        raise ValueError("a grade stands twice")


@dataclass(frozen=True)
class Graded:
    """A grade, and whether enough was measured to stand by it."""

    grade: Grade | None
    is_provisional: bool
    meaning: str = ""


def graded(
    value: float | None, coverage: float, bands: Sequence[Band], provisional_below: float
) -> Graded:
    """The grade of an unrounded composite; none without one."""
    if value is None:
        return Graded(None, is_provisional=True)
    band = next((band for band in bands if value >= band.from_), bands[-1])
    # 0.30 + 0.25 + 0.20 is a hair below 0.75 on some ways to add it up
    return Graded(band.grade, coverage < provisional_below - _HAIR, band.meaning)


_HAIR = 1e-9
