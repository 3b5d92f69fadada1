"""The adaptive mode: which cells an experiment draws next, from what the others scored.

Owns the translation between an experiment and a search: cells and results become known
points, proposed points become cells. Decides from what is there alone, so that a resumed
experiment, or another machine, goes on with the same cells.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from darkroom.adapters.optimiser import propose
from darkroom.core.experiments.cells import Cell, Result, Scalar
from darkroom.core.experiments.declaration import PROMPT, Adaptive, Experiment
from darkroom.core.experiments.expanding import Start, allowed, cell_finder, dimensions
from darkroom.core.experiments.pareto import Outcome, front
from darkroom.core.experiments.scores import CellScore, score_of
from darkroom.core.experiments.space import Goal, Point, Space, Told

_GOALS: Mapping[str, Goal] = {"score": "maximise", "seconds": "minimise"}


def next_cells(
    experiment: Experiment,
    start: Start,
    cells: Sequence[Cell],
    results: Sequence[Result],
    count: int | None = None,
) -> tuple[Cell, ...]:
    """Propose the next cells of an adaptive experiment; none once its trials are used up.

    `cells` are those proposed so far. One without a score counts as under way, one that
    failed as bad. Fewer come back than asked for when no others are left.
    """
    told = experiment.declared.adaptive or Adaptive()
    wanted = min(told.batch if count is None else count, told.trials - len(cells))
    search = _Search(experiment, cell_finder(experiment, start), {cell.id for cell in cells})
    space = space_of(experiment, start)
    known = told_points(experiment, space, cells, results)
    points = propose(space, known, max(0, wanted), _seed(experiment), told.sampler, search.is_open)
    return tuple(search.cell_at(point) for point in points)


def space_of(experiment: Experiment, start: Start) -> Space:
    """What the optimiser may choose from, and what it is to reach."""
    told = experiment.declared.adaptive or Adaptive()
    goals: tuple[Goal, ...] = tuple(_GOALS[name] for name in told.objectives)
    return Space(dimensions(experiment, start), goals)


def told_points(
    experiment: Experiment, space: Space, cells: Sequence[Cell], results: Sequence[Result]
) -> tuple[Told, ...]:
    """What is known of each cell, as the optimiser sees it."""
    scores = scores_by_cell(cells, results, experiment.scale)
    told = experiment.declared.adaptive or Adaptive()
    return tuple(
        Told(_point(space, cell), _values(told, score))
        for cell, score in zip(cells, scores, strict=True)
    )


def scores_by_cell(
    cells: Sequence[Cell], results: Sequence[Result], scale: float
) -> tuple[CellScore, ...]:
    """The score of each cell, in their order, reading the results once."""
    by_cell: dict[str, list[Result]] = {cell.id: [] for cell in cells}
    for result in results:
        if result.cell in by_cell:
            by_cell[result.cell].append(result)
    return tuple(score_of(name, own, scale) for name, own in by_cell.items())


def pareto_front(scores: Sequence[CellScore]) -> tuple[str, ...]:
    """The cells that no other beats in score and seconds at once, cheapest first."""
    known = [
        (score.cell, Outcome(score.mean, score.seconds))
        for score in scores
        if score.mean is not None and score.seconds is not None
    ]
    return tuple(known[place][0] for place in front([outcome for _, outcome in known]))


@dataclass(frozen=True)
class _Search:
    experiment: Experiment
    cell_at: Callable[[Point], Cell]
    known: set[str]

    def is_open(self, point: Point) -> bool:
        """Whether the cell meets the constraints and is none that is there already."""
        cell = self.cell_at(point)
        return cell.id not in self.known and allowed(self.experiment, cell)


def _point(space: Space, cell: Cell) -> Point:
    """The point a cell stands for; a prompt is known by its text, all else by its label."""
    told: dict[str, Scalar] = {**cell.labels, PROMPT: cell.prompt}
    return {one.name: told[one.name] for one in space.dimensions if one.name in told}


def _values(told: Adaptive, score: CellScore) -> tuple[float, ...] | None:
    known = {"score": score.mean, "seconds": score.seconds}
    found = [value for name in told.objectives if (value := known[name]) is not None]
    return tuple(found) if len(found) == len(told.objectives) else None


def _seed(experiment: Experiment) -> int:
    """Two experiments search differently, two machines the same."""
    return int.from_bytes(hashlib.sha256(experiment.name.encode()).digest()[:4])
