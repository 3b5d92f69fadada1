"""What stands at each place of a grid: a cell's images, or why there are none.

Owns the image that speaks for a cell, the axes as they are found in the cells, and the
reason of an empty place. Where a place lies is `darkroom.core.experiments.gridding`'s.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from darkroom.core.experiments.cells import Cell, Result, Scalar
from darkroom.core.experiments.scores import CellScore, score_of

Labels: TypeAlias = Mapping[str, Scalar]
State: TypeAlias = Literal["drawn", "waiting", "failed", "excluded", "stopped"]
Pick: TypeAlias = Literal["best", "median"] | int
"""Which image of a cell stands for it; a number is a seed that all cells share."""

ABSENT = "-"
"""The value of an axis that a cell does not have: a choice its prompt does not contain."""
NOT_DRAWN = "not drawn yet"
NO_CELL = "not part of the experiment"


def nothing_excluded(_labels: Labels) -> str | None:
    """Say of every combination that nothing speaks against it."""
    return None


@dataclass(frozen=True)
class Gathered:
    """Everything a grid shows."""

    name: str
    cells: tuple[Cell, ...]
    results: tuple[Result, ...]
    seeds: tuple[int, ...]
    axes: Mapping[str, tuple[Scalar, ...]]
    """Their values in the order in which people wrote them; one not named here comes after."""
    scale: float
    """What a perfect score is."""
    stopped: str = ""
    """Why the experiment ended before everything was drawn."""
    excluded: Callable[[Labels], str | None] = field(default=nothing_excluded)
    """Why a combination is no cell."""


@dataclass(frozen=True)
class Axis:
    """One thing that changes, and its values in order."""

    name: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True)
class Slot:
    """One place of a grid."""

    labels: Labels
    state: State
    reason: str
    """Why there is no image; empty where there is one."""
    cell: Cell | None = None
    score: CellScore | None = None
    images: tuple[Result, ...] = ()
    """By seed as the seeds stand, then by repeat."""
    causes: Mapping[int, str] = field(default_factory=dict[int, str])
    """Seed to why it has no image."""

    def shown(self, pick: Pick) -> Result | None:
        """The image that stands for the cell."""
        if isinstance(pick, int):
            return next((image for image in self.images if image.seed == pick), None)
        scored = sorted(
            (image for image in self.images if image.score is not None),
            key=lambda image: image.score or 0.0,
        )
        if not scored:
            return self.images[0] if self.images else None
        return scored[-1] if pick == "best" else scored[(len(scored) - 1) // 2]


def axes_of(gathered: Gathered) -> tuple[Axis, ...]:
    """The axes with more than one value; all of them where each has but one."""
    found = {name: dict.fromkeys(map(value_key, values)) for name, values in gathered.axes.items()}
    numbers: set[str] = set()
    for cell in gathered.cells:
        for name, value in cell.labels.items():
            if not gathered.axes.get(name):
                numbers.add(name)
            found.setdefault(name, {})[value_key(value)] = None
    for name, values in found.items():
        if any(name not in cell.labels for cell in gathered.cells):
            values[value_key(ABSENT)] = None
    every = [
        Axis(name, _sorted(values) if name in numbers else tuple(value for _, value in values))
        for name, values in found.items()
        if values
    ]
    changing = tuple(axis for axis in every if len(axis.values) > 1)
    return changing or tuple(every)


def value_key(value: Scalar) -> tuple[bool, Scalar]:
    """True is not 1."""
    return isinstance(value, bool), value


def _sorted(values: Iterable[tuple[bool, Scalar]]) -> tuple[Scalar, ...]:
    """Numbers rise; where there is anything else, the order of appearance stays."""
    plain = tuple(value for _, value in values)
    numbers = [v for v in plain if isinstance(v, int | float) and not isinstance(v, bool)]
    return tuple(sorted(numbers)) if len(numbers) == len(plain) else plain


class Slots:
    """Finds what stands at a place."""

    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered
        self._names = [axis.name for axis in axes_of(gathered)]
        self._cells = {self._place(cell.labels): cell for cell in gathered.cells}
        self._results: dict[str, list[Result]] = {cell.id: [] for cell in gathered.cells}
        for result in gathered.results:
            if result.cell in self._results:
                self._results[result.cell].append(result)

    def _place(self, labels: Labels) -> tuple[tuple[bool, Scalar], ...]:
        return tuple(value_key(labels.get(name, ABSENT)) for name in self._names)

    def _ordered(self, labels: Labels) -> Labels:
        """As the axes stand, whatever order a document kept them in."""
        known = [name for name in (*self._gathered.axes, *self._names) if name in labels]
        return {name: labels[name] for name in (*known, *labels)}

    @property
    def cells(self) -> Iterable[Cell]:
        """Every cell, as they came."""
        return self._cells.values()

    def at(self, labels: Labels) -> Slot:
        """What stands at these values."""
        cell = self._cells.get(self._place(labels))
        if cell is None:
            reason = self._gathered.excluded(labels)
            return Slot(self._ordered(labels), "excluded", reason or NO_CELL)
        return self.of(cell)

    def of(self, cell: Cell) -> Slot:
        """What a cell came to."""
        own = self._results[cell.id]
        order = {seed: place for place, seed in enumerate(self._gathered.seeds)}
        images = sorted(
            (result for result in own if result.image is not None),
            key=lambda result: (order.get(result.seed, len(order)), result.seed, result.repeat),
        )
        causes = {r.seed: r.cause for r in own if r.image is None and r.cause is not None}
        state, reason = self._why(bool(images), causes)
        score = score_of(cell.id, own, self._gathered.scale)
        return Slot(self._ordered(cell.labels), state, reason, cell, score, tuple(images), causes)

    def _why(self, is_drawn: bool, causes: Mapping[int, str]) -> tuple[State, str]:
        if is_drawn:
            return "drawn", ""
        if causes:
            return "failed", f"failed: {next(iter(causes.values()))}"
        if self._gathered.stopped:
            return "stopped", self._gathered.stopped
        return "waiting", NOT_DRAWN

    def every(self) -> list[Slot]:
        """Every cell, the best first, those without a score last."""
        slots = [self.of(cell) for cell in self.cells]
        return sorted(slots, key=_badness)


def _badness(slot: Slot) -> float:
    mean = slot.score.mean if slot.score else None
    return math.inf if mean is None else -mean
