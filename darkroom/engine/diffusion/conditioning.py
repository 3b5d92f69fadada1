"""Turn a prompt into what the denoiser hears.

Owns `Conditioning`. Text is read by the deterministic grammar of
`darkroom.core.world.parsing`; words that reach the denoiser in no way are listed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from darkroom.core.world.facts import encode
from darkroom.core.world.parsing import read_prompt


@dataclass(frozen=True)
class Conditioning:
    """A prompt as the denoiser's field numbers, and what of it could not be used."""

    text: str
    fields: tuple[int, ...]
    unknown_words: tuple[str, ...]
    understood: bool

    def as_row(self, *, negative: bool = False) -> NDArray[np.int64]:
        """The field numbers as one row; a negative prompt states no number of objects."""
        fields = (*self.fields[:-1], 0) if negative else self.fields
        return np.asarray([fields], np.int64)


def condition(text: str) -> Conditioning:
    """Read a prompt."""
    reading = read_prompt(text)
    encoded = encode(reading.facts)
    unheard = tuple(
        f"object {fact.first + 1} {fact.relation} object {fact.second + 1}"
        for fact in encoded.left_out
    )
    return Conditioning(text, encoded.fields, reading.unknown_words + unheard, reading.understood)
