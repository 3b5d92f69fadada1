"""How often, and with what, each cell and seed of an experiment is tried.

Owns what `refine:` of a file means together with refinement.yaml, and what it makes of a
cell's identity: the best of three is another result than the first. Draws nothing.
"""

from dataclasses import asdict

from darkroom.core.errors import UsageError
from darkroom.core.experiments.declaration import Experiment
from darkroom.core.scoring.refinement import RefinePlan, attempt_of
from darkroom.generating.refining import refinement_table


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


def steps_of(plan: RefinePlan | None) -> tuple[int | None, ...]:
    """The steps of each attempt; None: as the cell has them."""
    if plan is None:
        return (None,)
    return tuple(attempt_of(plan, number).steps for number in range(1, plan.max_attempts + 1))


def refined_by(experiment: Experiment) -> list[object]:
    """What tells the results of this refinement from others; nothing where nothing is refined."""
    plan = plan_of(experiment, 0)
    if plan is None:
        return []
    rows = [asdict(attempt_of(plan, number)) for number in range(1, plan.max_attempts + 1)]
    return [[plan.strategy, plan.threshold, rows]]
