"""What an experiment came to, as doors show it: a line per cell, the best first.

Owns the records. Counts and intervals are `darkroom.core.experiments.scores`'.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from darkroom.core.experiments.cells import Cell, Result, Scalar
from darkroom.core.experiments.scores import CellScore, ranked, score_of
from darkroom.core.experiments.versions import engines_of, told

Status = Literal["complete", "stopped", "cut", "incomplete", "empty"]


@dataclass(frozen=True)
class CellLine:
    """One cell as a row of a report."""

    rank: int
    cell: str
    labels: Mapping[str, Scalar]
    images: int
    failed: int
    seeds: int
    score: float | None
    low: float | None
    high: float | None
    passed: int
    judged: int
    pass_rate: float | None
    pass_low: float | None
    pass_high: float | None
    seconds: float | None
    best_image: str | None
    settled: str | None = None
    """Why it got no further seed, where a stop rule ended it."""
    engines: tuple[str, ...] = ()
    """The versions that drew its images; several are a mixture."""


@dataclass(frozen=True)
class Failure:
    """One image that is not there."""

    cell: str
    labels: Mapping[str, Scalar]
    seed: int
    repeat: int
    cause: str


@dataclass(frozen=True)
class Report:
    """What an experiment came to."""

    name: str
    run_id: str | None
    status: Status
    reason: str
    scale: float
    images: int
    """There are so many, over all runs."""
    wanted: int
    drawn: int
    """By this command."""
    found: int
    """That were there before it."""
    judged_again: int
    gpu_seconds: float
    seconds: float
    seeds: tuple[int, ...]
    cells: tuple[CellLine, ...]
    failures: tuple[Failure, ...] = ()
    engines: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many of the images each version drew."""
    mixed: int = 0
    """Cells with images of several versions."""
    notes: tuple[str, ...] = ()
    """What happened on the way: a server that died, one that came back."""

    @property
    def on_versions(self) -> str | None:
        """What to know of the versions before cells are compared."""
        return told(self.engines, len(self.cells), self.mixed)


def status_of(images: int, wanted: int, *, has_failures: bool, is_cut: bool) -> Status:
    """What so many images of those wanted are."""
    if images == 0:
        return "empty"
    if has_failures:
        return "incomplete"
    if is_cut:
        return "cut"
    return "complete" if images == wanted else "stopped"


def lines_of(
    cells: Sequence[Cell],
    results: Sequence[Result],
    scale: float,
    settled: Mapping[str, str] | None = None,
) -> tuple[CellLine, ...]:
    """A line per cell, the best first."""
    by_cell: dict[str, list[Result]] = {cell.id: [] for cell in cells}
    for result in results:
        if result.cell in by_cell:
            by_cell[result.cell].append(result)
    known = {cell.id: cell for cell in cells}
    scores = ranked(score_of(cell, own, scale) for cell, own in by_cell.items())
    return tuple(
        _line(
            number, score, known[score.cell], by_cell[score.cell], (settled or {}).get(score.cell)
        )
        for number, score in enumerate(scores, 1)
    )


def failures_of(cells: Sequence[Cell], results: Sequence[Result]) -> tuple[Failure, ...]:
    """Every image that is not there, with the reason."""
    labels = {cell.id: cell.labels for cell in cells}
    return tuple(
        Failure(each.cell, labels.get(each.cell, {}), each.seed, each.repeat, each.cause)
        for each in results
        if each.cause is not None
    )


def interval_of(low: float | None, high: float | None) -> str | None:
    """An interval in a table."""
    return None if low is None or high is None else f"{low:.3g} to {high:.3g}"


def shown_labels(labels: Mapping[str, Scalar]) -> str:
    """A cell in words."""
    return ", ".join(f"{name}={value}" for name, value in labels.items()) or "-"


def _line(
    rank: int, score: CellScore, cell: Cell, own: Sequence[Result], settled: str | None
) -> CellLine:
    within, rate = score.interval, score.pass_interval
    scored = [each for each in own if each.image is not None and each.score is not None]
    best = max(scored, key=lambda each: each.score or 0.0, default=None)
    drawn = next((each.image for each in own if each.image is not None), None)
    return CellLine(
        rank=rank,
        cell=cell.id,
        labels=cell.labels,
        images=score.images,
        failed=score.failed,
        seeds=score.seeds,
        score=score.mean,
        low=within.low if within else None,
        high=within.high if within else None,
        passed=score.passed,
        judged=score.judged,
        pass_rate=score.pass_rate,
        pass_low=rate.low if rate else None,
        pass_high=rate.high if rate else None,
        seconds=score.seconds,
        best_image=best.image if best else drawn,
        settled=settled,
        engines=tuple(engines_of(own)),
    )
