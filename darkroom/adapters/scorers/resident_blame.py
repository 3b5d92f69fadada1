"""Which picture, or which model, is to blame when the scoring process dies.

Owns the count of deaths. The process says what it begins; what was on the bench at a
death is under suspicion and tried again alone; what was on the bench alone at a
second death is guilty. Pure bookkeeping: nothing is sent or measured here.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

GUILTY_AFTER = 2
DECODING = "decoding"


@dataclass
class Blame:
    """What was begun and not finished, and how often each died before."""

    _bench: dict[int, str] = field(default_factory=dict[int, str])
    _opening: str | None = None
    _deaths: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    _opening_deaths: Counter[str] = field(default_factory=Counter[str])

    def begun(self, work: Iterable[int], step: str) -> None:
        """A step was begun: with pictures, or (without) the opening of a scorer."""
        numbers = list(work)
        self._opening = None if numbers else step
        for number in numbers:
            self._bench[number] = step

    def finished(self, number: int) -> None:
        """Results of a picture came: it is off the bench."""
        self._bench.pop(number, None)

    def died(self, images: dict[int, str]) -> None:
        """The process died; `images` are the digests of those in flight."""
        if self._opening is not None:
            self._opening_deaths[self._opening] += 1
        else:
            for number, step in self._bench.items():
                if number in images:
                    self._deaths[images[number], step] += 1
        self._bench.clear()
        self._opening = None

    def is_suspect(self, image: str) -> bool:
        """Whether a picture was on the bench at a death."""
        return any(found == image for found, _ in self._deaths)

    def guilty_steps(self, image: str) -> set[str]:
        """The steps in which a picture killed the process often enough."""
        return {
            step
            for (found, step), count in self._deaths.items()
            if found == image and count >= GUILTY_AFTER
        }

    def deadly_openings(self) -> set[str]:
        """The scorers whose opening killed the process often enough."""
        return {step for step, count in self._opening_deaths.items() if count >= GUILTY_AFTER}


def indices_of(step: str, count: int) -> frozenset[int]:
    """The metrics that a step measures; decoding is all of them."""
    if step == DECODING:
        return frozenset(range(count))
    return frozenset(int(text) for text in step.split(","))
