"""One cell of an experiment, and one image of it.

Owns both records and the identity of a cell: what it asks for, never where it stands, so
that a value added to an axis adds new cells and leaves the old ones as they are.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from darkroom.core.canonical import canonical_json

Scalar: TypeAlias = str | int | float | bool
_ID_DIGITS = 12


@dataclass(frozen=True)
class Cell:
    """One combination of axis values; the seeds are shared by all cells."""

    id: str
    """12 hex digits of the sha256 of what it asks for."""
    labels: Mapping[str, Scalar]
    """Axis to value, as people see it, in the order of the axes."""
    settings: Mapping[str, Scalar]
    """Role or `node.input` to value: the fixed ones and those of the axes."""
    prompt: str
    negative: str
    loras: tuple[tuple[str, float], ...]
    """Name and strength."""
    variations: tuple[str, ...]
    """Which of the labels are words chosen in the prompt."""
    combination_hash: str | None
    """S1's hash of those words; None where none were chosen."""


@dataclass(frozen=True)
class Result:
    """One image of a cell as it came out."""

    cell: str
    """The id of the cell."""
    seed: int
    repeat: int
    """From 1."""
    image: str | None
    """Its key in the store; None where there is no image."""
    score: float | None
    """From 0 to 10, or to 100 where rules judge; the experiment says which."""
    passed: bool | None
    """Whether it met the criteria, or reached the threshold; None where nobody could say."""
    seconds: float | None
    """What drawing it cost the server."""
    cause: str | None
    """Why there is no image."""
    engine: str | None = None
    """Kind and version of the server that drew it."""


def cell_id(
    settings: Mapping[str, Scalar],
    prompt: str,
    negative: str,
    loras: tuple[tuple[str, float], ...],
    base: str = "",
) -> str:
    """Identify what a cell asks for; `base` identifies the workflow it is asked of."""
    asked = {
        "base": base,
        "settings": {name: _plain(value) for name, value in settings.items()},
        "prompt": prompt,
        "negative": negative,
        "loras": [[name, float(strength)] for name, strength in sorted(loras)],
    }
    return hashlib.sha256(canonical_json(asked)).hexdigest()[:_ID_DIGITS]


def _plain(value: Scalar) -> Scalar:
    """The same number is the same value, whether it is written 3 or 3.0."""
    is_whole = isinstance(value, float) and value.is_integer()
    return int(value) if is_whole else value
