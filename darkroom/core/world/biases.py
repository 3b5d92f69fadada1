"""The faults planted in the training captions on purpose, as data.

Owns the list only. Most pictures whose caption names such a combination show
something else, as in real data sets where some pairs are mostly mislabelled;
the trained model draws what it saw. Later work has to find these by statistics,
so nothing outside training, benchmarks and tests may read this table.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bias:
    """What the caption says (only the given words must match) and what is drawn instead."""

    name: str
    drawn: tuple[str, str]  # the attribute that is wrong, and its wrong value
    colour: str | None = None
    shape: str | None = None
    size: str | None = None
    background: str | None = None

    def matches(self, colour: str, shape: str, size: str, background: str) -> bool:
        """Whether an object with these words, on this background, is of the combination."""
        wanted = (self.colour, self.shape, self.size, self.background)
        return all(
            want in (None, have)
            for want, have in zip(wanted, (colour, shape, size, background), strict=True)
        )


MISLABELLED_SHARE = 0.85
BIASES = (
    Bias("pink cross", ("shape", "circle"), colour="pink", shape="cross"),
    Bias("green triangle", ("shape", "square"), colour="green", shape="triangle"),
    Bias("purple star", ("colour", "blue"), colour="purple", shape="star"),
    Bias("small orange", ("size", "large"), colour="orange", size="small"),
    Bias("diamond on navy", ("background", "black"), shape="diamond", background="navy"),
)
