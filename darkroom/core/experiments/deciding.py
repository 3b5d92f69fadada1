"""What an experiment draws next, and when it is done.

Owns the order of images (one seed of every cell before the next seed, so that what is
there can soon be compared; by model within a seed, and back again in the next, to spare
reloads), how many are drawn before the next decision, and the rules that end a cell or
everything. Decides from what is there alone, so that a resumed experiment decides the same.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from darkroom.core.experiments.cells import Cell, Result
from darkroom.core.experiments.declaration import Budget, Experiment, Stop
from darkroom.core.experiments.scores import CellScore, difference, ranked, score_of


@dataclass(frozen=True)
class Entry:
    """One image of an experiment: a cell, a seed, and the how-many-eth time."""

    cell: str
    seed: int
    seed_index: int
    """From 0: which of the seeds that all cells share."""
    repeat: int
    """From 1."""

    @property
    def name(self) -> tuple[str, int, int]:
        """What makes it the same image in every run: where it stands does not."""
        return self.cell, self.seed, self.repeat


@dataclass(frozen=True)
class Spent:
    """What a run has used so far."""

    images: int = 0
    """Drawn over all runs of the experiment."""
    gpu_seconds: float = 0.0
    minutes: float = 0.0


@dataclass(frozen=True)
class Draw:
    """Draw these next."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Done:
    """There is nothing more to draw, for this reason."""

    reason: str
    is_cut: bool = False
    """Whether something that was declared stays undrawn because of a budget."""


Decision: TypeAlias = Draw | Done


def entries_of(
    cells: Sequence[Cell], seeds: Sequence[int], repeats: int, model_of: Callable[[Cell], str]
) -> tuple[Entry, ...]:
    """Every image of these cells, in the order in which they are drawn."""
    return tuple(_ordered(cells, seeds, repeats, model_of))


def _ordered(
    cells: Sequence[Cell], seeds: Sequence[int], repeats: int, model_of: Callable[[Cell], str]
) -> Iterator[Entry]:
    by_model: dict[str, list[Cell]] = {}
    for cell in sorted(cells, key=model_of):  # stable: within a model as declared
        by_model.setdefault(model_of(cell), []).append(cell)
    models = list(by_model)
    for index, seed in enumerate(seeds):
        for repeat in range(1, repeats + 1):
            for model in models:
                yield from (Entry(cell.id, seed, index, repeat) for cell in by_model[model])
            models.reverse()  # the last one loaded is the next one needed


def decide(
    experiment: Experiment,
    entries: Sequence[Entry],
    results: Mapping[tuple[str, int, int], Result],
    spent: Spent,
) -> Decision:
    """What follows from everything that is there; entries with a result are not drawn again."""
    waiting = [entry for entry in entries if entry.name not in results]
    if not waiting:
        return Done("every image is there")
    declared = experiment.declared
    if used_up := _used_up(declared.budget, spent):
        return Done(used_up, is_cut=True)
    found = list(results.values())
    if (end := _target_reached(declared.stop, entries, found, experiment.scale)) is not None:
        return Done(end)
    settled = settled_cells(experiment, entries, found)
    waiting = [entry for entry in waiting if entry.cell not in settled]
    if not waiting:
        return Done("every cell is known well enough")
    together = _until_a_rule_counts(declared.stop, waiting)
    left = len(together)
    if declared.budget.images is not None:
        left = declared.budget.images - spent.images
    return Draw(tuple(together[:left]))


def _until_a_rule_counts(stop: Stop, waiting: Sequence[Entry]) -> Sequence[Entry]:
    """What is drawn in any case: servers wait for nobody to decide until there is something to."""
    if stop.interval is None and stop.target is None and not stop.worse:
        return waiting
    first = waiting[0]
    if first.seed_index < stop.after:
        return [each for each in waiting if each.seed_index < stop.after]
    return [e for e in waiting if (e.seed_index, e.repeat) == (first.seed_index, first.repeat)]


def _used_up(budget: Budget, spent: Spent) -> str | None:
    tests = (
        (budget.images, spent.images, "images are drawn"),
        (budget.gpu_seconds, spent.gpu_seconds, "seconds of drawing are spent"),
        (budget.minutes, spent.minutes, "minutes are over"),
    )
    for most, used, words in tests:
        if most is not None and used >= most:
            return f"the budget is spent: {used:g} of {most:g} {words}"
    return None


def _target_reached(
    stop: Stop, entries: Sequence[Entry], results: Sequence[Result], scale: float
) -> str | None:
    if stop.target is None:
        return None
    for score in _scores(entries, results, scale):
        low = score.interval.low if score.interval else None
        if low is not None and score.seeds >= stop.after and low >= stop.target:
            return f"cell {score.cell} surely reaches {stop.target:g}"
    return None


def settled_cells(
    experiment: Experiment, entries: Sequence[Entry], results: Sequence[Result]
) -> Mapping[str, str]:
    """The cells that need no further seed, and why."""
    stop = experiment.declared.stop
    if stop.interval is None and not stop.worse:
        return {}
    scores = ranked(_scores(entries, results, experiment.scale))
    by_cell: dict[str, list[Result]] = {}
    for result in results:
        by_cell.setdefault(result.cell, []).append(result)
    best = by_cell.get(scores[0].cell, [])
    found: dict[str, str] = {}
    for score in scores:
        if score.seeds < stop.after or score.interval is None:
            continue
        width = score.interval.high - score.interval.low
        if stop.interval is not None and width < stop.interval:
            found[score.cell] = f"its interval is {width:.3g} wide"
        elif stop.worse and _is_worse(best, by_cell[score.cell], stop, experiment.scale):
            found[score.cell] = f"it is surely worse than {scores[0].cell}"
    return found


def _is_worse(best: Sequence[Result], own: Sequence[Result], stop: Stop, scale: float) -> bool:
    gap = difference(best, own, scale)
    return gap.interval is not None and gap.seeds >= stop.after and gap.interval.low > 0


def _scores(entries: Sequence[Entry], results: Sequence[Result], scale: float) -> list[CellScore]:
    by_cell: dict[str, list[Result]] = {entry.cell: [] for entry in entries}
    for result in results:
        by_cell.setdefault(result.cell, []).append(result)
    return [score_of(cell, own, scale) for cell, own in by_cell.items()]
