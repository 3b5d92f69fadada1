"""The control of a run: the same number of images by plain reseeding, judged alike.

Owns the control's own run (`<run>-control`), its steps, and the comparison of the two
with an interval. Where a holdout judge looks on, its scores are compared: the loop
was steered by the other one, and would be graded by its own teacher.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import sqrt
from statistics import fmean, variance

from darkroom.core.decide import Try, drawn_seed
from darkroom.core.keys import RunKeys
from darkroom.runs.checking import first_step
from darkroom.runs.checkpoint import Checkpoint
from darkroom.runs.history import read_history
from darkroom.runs.records import judged_score
from darkroom.runs.run import Iteration, Run

SUFFIX = "-control"
_Z = 1.96


def wants_control(run: Run) -> bool:
    """Whether the rules ask for a control."""
    return run.project.rules.project.control == "reseed"


def control_of(run: Run) -> Run:
    """The control's own run, with what an interrupted one has drawn already."""
    name = f"{run.keys.run_id}{SUFFIX}"
    docs = replace(run.docs, keys=RunKeys(run.project.name, name))
    plan = replace(run.plan, run_id=name, fixed_seed=False)
    control = Run(run.project, plan, run.tools, docs, Checkpoint(name))
    control.original, control.is_control, control.is_test = run.original, True, run.is_test
    control.is_fresh = run.is_fresh
    control.iterations = read_history(docs, plan)
    return control


def control_steps(control: Run, images: int) -> Iterator[Try]:
    """The first step again and again, each time with another seed."""
    start = first_step(control)
    for number in range(control.next_number, images + 1):
        seed = drawn_seed(control.plan.run_id, number)
        settings = replace(start.settings, seed=seed)
        yield replace(start, iteration=number, settings=settings, why="control: another seed")


def compared(run: Run, control: Run) -> dict[str, object]:
    """Both arms and the difference of their mean scores, with its 95 % interval."""
    by_holdout = run.tools.holdout is not None
    loop, reseeded = (_scores(arm.iterations, by_holdout) for arm in (run, control))
    low, high = interval(loop, reseeded)
    difference = _mean(loop) - _mean(reseeded)
    judge = "the holdout judge" if by_holdout else "the judge that steered"
    summary = (
        f"best {max(reseeded, default=0):g} against {max(loop, default=0):g} of the loop; "
        f"the loop's mean is {difference:+.1f} [{low:+.1f}, {high:+.1f}] by {judge}"
    )
    return {
        "images": len(control.iterations),
        "judge": judge,
        "loop": _arm(loop),
        "reseed": _arm(reseeded),
        "difference": {"mean": difference, "low": low, "high": high, "level": 0.95},
        "summary": summary,
    }


def _scores(iterations: Sequence[Iteration], by_holdout: bool) -> list[float]:
    if by_holdout:
        return [item.holdout for item in iterations if item.holdout is not None]
    scores = [judged_score(item.tried.evaluation) for item in iterations]
    return [score for score in scores if score is not None]


def _arm(scores: Sequence[float]) -> dict[str, object]:
    return {
        "judged": len(scores),
        "full_marks": sum(score >= 100.0 for score in scores),  # noqa: PLR2004 - per cent
        "mean": _mean(scores),
        "best": max(scores, default=0.0),
    }


def _mean(scores: Sequence[float]) -> float:
    return fmean(scores) if scores else 0.0


def interval(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of the difference of two means; wide open below two values each."""
    if min(len(first), len(second)) < 2:  # noqa: PLR2004 - one value has no spread
        return -100.0, 100.0
    spread = sqrt(variance(first) / len(first) + variance(second) / len(second))
    middle = fmean(first) - fmean(second)
    return middle - _Z * spread, middle + _Z * spread
