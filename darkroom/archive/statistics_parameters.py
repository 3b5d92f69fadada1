"""Which parameters go with good results: each value against all others, with its interval.

Owns the outcomes one may ask about and the order of the answer. An association is no
cause: a sampler used for easy prompts only will look good.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from scipy.special import stdtr, stdtrit  # pyright: ignore[reportMissingTypeStubs] - scipy has none

from darkroom.adapters.settings import Lab
from darkroom.adapters.warehouse.opening import Connection
from darkroom.archive.opening import opened_library
from darkroom.archive.selecting import Selected, select
from darkroom.core.association import Sums, contrast, false_discovery_rates
from darkroom.core.errors import UsageError

Outcome = Literal["quality", "score", "criteria", "accepted", "rating", "liked", "ok", "similarity"]
OUTCOMES: tuple[str, ...] = get_args(Outcome)
FEWEST_IMAGES = 10
FEWEST_RUNS = 3
CLEAR = 0.05
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Effect:
    """One value of one parameter: how its images came out beside all others."""

    parameter: str
    value: str
    images: int
    runs: int
    mean: float
    difference: float
    """Against the mean of all other images."""
    low: float
    high: float
    """The ends of the 95 % interval of the difference."""
    q: float
    """The share of values called clear at this level that are so by chance."""

    @property
    def is_clear(self) -> bool:
        """Whether the difference is more than chance would give among so many values."""
        return self.q < CLEAR


def parameter_effects(
    lab: Lab, outcome: str = "quality", *, min_images: int = FEWEST_IMAGES, **filters: object
) -> list[Effect]:
    """The values of every parameter, the clearest and greatest differences first."""
    with opened_library(lab) as connection:
        return effects_in(connection, select(filters), outcome, min_images)


def effects_in(
    connection: Connection,
    selected: Selected,
    outcome: str,
    min_images: int = FEWEST_IMAGES,
) -> list[Effect]:
    """As `parameter_effects`, over an open warehouse."""
    if outcome not in OUTCOMES:
        message = f"no outcome {outcome[:40]!r}; there are {', '.join(OUTCOMES)}"
        raise UsageError("selection-invalid", message)
    text, values = selected.ahead_of("outcomes", {"outcome": outcome})
    rows = connection.execute(text, values).fetchall()
    wholes = [row for row in rows if not row[0]]
    if not wholes:
        return []
    whole = _sums(wholes[0])
    enough = [row for row in rows if row[0] and row[3] >= min_images and row[2] >= FEWEST_RUNS]
    effects = [effect for row in enough if (effect := _effect(row, whole))]
    rates = false_discovery_rates([effect.q for effect in effects])
    judged = [replace(effect, q=q) for effect, q in zip(effects, rates, strict=True)]
    return sorted(judged, key=lambda e: (not e.is_clear, -abs(e.difference), e.parameter, e.value))


def _sums(row: Row) -> Sums:
    return Sums(int(row[2]), *map(float, row[3:4]), *map(float, row[4:12]))


def _effect(row: Row, whole: Sums) -> Effect | None:
    """One value's effect, its q still the plain p."""
    sums = _sums(row)
    found = contrast(sums, whole)
    if found is None:
        return None
    reach = float(stdtrit(found.degrees, 0.975)) * found.standard_error
    return Effect(
        parameter=row[0],
        value=row[1],
        images=int(row[3]),
        runs=int(row[2]),
        mean=float(row[12]) + sums.s / sums.n,
        difference=found.difference,
        low=found.difference - reach,
        high=found.difference + reach,
        q=2 * float(stdtr(found.degrees, -abs(found.t))),
    )
