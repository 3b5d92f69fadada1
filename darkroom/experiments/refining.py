"""Refine every cell and seed of an experiment: draw again until it is good enough.

Owns the settings of one attempt and where it lies in the run. What comes next is
`darkroom.core.scoring.refinement`'s to decide; attempts that are there are found, so a
series that was ended in its middle goes on where it was.
"""

from dataclasses import replace

from darkroom.core.errors import DarkroomError, UsageError
from darkroom.core.experiments.cells import Cell
from darkroom.core.experiments.deciding import Entry
from darkroom.core.experiments.declaration import Experiment
from darkroom.core.scoring.refinement import (
    Attempt,
    BestEffort,
    Draw,
    RefinePlan,
    Success,
    Tried,
    next_step,
)
from darkroom.experiments.drawing import Outcome, Studio, Taken, Wanted
from darkroom.generating.refining import refinement_table
from darkroom.writepath.batch import BatchResult


def plan_of(experiment: Experiment, seed: int) -> RefinePlan | None:
    """What each cell and seed is refined by; None where nothing is refined."""
    told = experiment.declared.refine
    if told is None:
        return None
    table = refinement_table()
    name = told.strategy or table.strategy
    rows = table.strategies.of(name)
    axes = {target for axis in experiment.axes for target in axis.targets}
    for setting in ("steps", "cfg"):
        sets = any(getattr(row, setting) is not None for row in rows.attempts)
        if sets and setting in axes:
            message = f"the strategy {name} of refine: sets {setting}, which is also an axis"
            hint = f"take the axis out, or choose a strategy that leaves {setting} alone"
            raise UsageError("experiment-size", message, hint=hint)
    if experiment.seed_count > 1 and any(row.seed is not None for row in rows.attempts):
        message = f"the strategy {name} of refine: has seeds of its own, the same for every seed"
        hint = "write seeds: 1, or choose another strategy"
        raise UsageError("experiment-size", message, hint=hint)
    return RefinePlan(
        strategy=name,
        table=rows,
        threshold=table.threshold if told.threshold is None else told.threshold,
        max_attempts=told.max_attempts or table.max_attempts,
        seed=seed,
    )


def refine(
    studio: Studio, plan: RefinePlan, entry: Entry, cell: Cell, first: int
) -> tuple[Outcome, int, float]:
    """The best attempt at one cell and seed, how many were drawn now, and their seconds."""
    tried: list[Tried] = []
    taken: dict[int, Taken] = {}
    while isinstance(step := next_step(plan, tried), Draw):
        attempt = step.attempt
        outcome = _attempt(studio, _wanted(plan, tried, attempt, entry, cell, first))
        if isinstance(outcome, DarkroomError):
            return outcome, *_spent(taken)
        if isinstance(outcome, Taken):
            taken[attempt.number] = outcome
            tried.append(Tried(attempt, outcome.kept.score))
        else:
            tried.append(Tried(attempt, None, outcome))
    if not isinstance(step, Success | BestEffort):
        return step.reason, *_spent(taken)
    best = taken[step.best.attempt.number]
    every = [each.kept.seconds or 0.0 for each in taken.values()]
    kept = studio.judged(replace(best.kept, seconds=sum(every)), "found")
    return Taken(kept, best.is_fresh), *_spent(taken)


def _spent(taken: dict[int, Taken]) -> tuple[int, float]:
    fresh = [each for each in taken.values() if each.is_fresh]
    return len(fresh), sum(each.kept.seconds or 0.0 for each in fresh)


def _attempt(studio: Studio, wanted: Wanted) -> Outcome:
    came: list[Outcome] = []

    def on_result(_number: int, result: BatchResult) -> None:
        came.append(studio.outcome(wanted, result))

    studio.draw([wanted], on_result, None)
    return came[0]


def _wanted(
    plan: RefinePlan, tried: list[Tried], attempt: Attempt, entry: Entry, cell: Cell, first: int
) -> Wanted:
    sets = {"steps": attempt.steps, "cfg": attempt.cfg}
    settings = {**cell.settings, **{name: v for name, v in sets.items() if v is not None}}
    changed = replace(cell, settings=settings, prompt=f"{cell.prompt}{attempt.append}")
    block = {
        "attempt": attempt.number,
        "max_attempts": plan.max_attempts,
        "strategy": plan.strategy,
        "previous_scores": [each.score for each in tried],
    }
    iteration = first + attempt.number - 1
    return Wanted(entry, changed, iteration, attempt.seed, {"refinement": block})
