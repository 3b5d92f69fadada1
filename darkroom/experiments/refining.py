"""Refine every cell and seed of an experiment: draw again until it is good enough.

Owns where an attempt lies in the run, and that all series make an attempt at a time, so that
every server has work. What comes next is `darkroom.core.scoring.refinement`'s to decide;
attempts that are there are found, so a series that was ended in its middle goes on where it
was.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from darkroom.core.errors import DarkroomError
from darkroom.core.experiments.cells import Cell
from darkroom.core.experiments.deciding import Entry
from darkroom.core.scoring.refinement import (
    Attempt,
    BestEffort,
    Draw,
    RefinePlan,
    Step,
    Success,
    Tried,
    next_step,
)
from darkroom.experiments.drawing import ImageMaker, Outcome, Taken, Wanted, ended_by
from darkroom.experiments.spending import Limits
from darkroom.writepath.batch import BatchResult


@dataclass
class Series:
    """One cell and seed on its way to an image that is good enough."""

    plan: RefinePlan
    entry: Entry
    cell: Cell
    first: int
    """The iteration of its first attempt."""
    tried: list[Tried] = field(default_factory=list[Tried])
    taken: dict[int, Taken] = field(default_factory=dict[int, Taken])

    @property
    def step(self) -> Step:
        """What follows from everything tried."""
        return next_step(self.plan, self.tried)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is drawn for it."""
        return not isinstance(self.step, Draw)

    def take(self, attempt: Attempt, outcome: Taken | str) -> None:
        """What became of an attempt."""
        if isinstance(outcome, Taken):
            self.taken[attempt.number] = outcome
            self.tried.append(Tried(attempt, outcome.kept.score))
        else:
            self.tried.append(Tried(attempt, None, outcome))

    def outcome(self, maker: ImageMaker) -> Outcome:
        """The best attempt, entered in the run; or why there is none."""
        step = self.step
        if not isinstance(step, Success | BestEffort):
            return step.reason if not isinstance(step, Draw) else step.why
        best = self.taken[step.best.attempt.number]
        seconds = sum(each.kept.seconds or 0.0 for each in self.taken.values())
        kept = replace(best.kept, seconds=seconds, attempts=len(self.taken))
        return maker.entered(kept, "found", is_fresh=best.is_fresh)

    def wanted(self, attempt: Attempt) -> Wanted:
        """One attempt as an image to draw."""
        sets = {"steps": attempt.steps, "cfg": attempt.cfg}
        settings = {**self.cell.settings, **{n: v for n, v in sets.items() if v is not None}}
        prompt = f"{self.cell.prompt}{attempt.append}"
        block = {
            "attempt": attempt.number,
            "max_attempts": self.plan.max_attempts,
            "strategy": self.plan.strategy,
            "previous_scores": [each.score for each in self.tried],
        }
        return Wanted(
            self.entry,
            replace(self.cell, settings=settings, prompt=prompt),
            self.first + attempt.number - 1,
            attempt.seed,
            {"refinement": block},
        )


@dataclass
class Wave:
    """What came of one attempt of every series."""

    faults: list[DarkroomError] = field(default_factory=list[DarkroomError])
    """What stops everything."""
    told: int = 0
    is_whole: bool = False
    """Whether every series made its attempt; else a limit was reached."""


def draw_wave(
    maker: ImageMaker, waiting: Sequence[Series], count: Callable[[Taken], None], limits: Limits
) -> Wave:
    """The next attempt of every series that is not over, on all servers at once."""
    next_ones = [(each, step.attempt) for each in waiting if isinstance(step := each.step, Draw)]
    wanted = [series.wanted(attempt) for series, attempt in next_ones]
    wave = Wave()

    def on_result(number: int, result: BatchResult) -> None:
        wave.told += 1
        outcome = maker.outcome(wanted[number], result, is_attempt=True)
        if isinstance(outcome, DarkroomError):
            wave.faults.append(outcome)
            return
        if isinstance(outcome, Taken):
            count(outcome)
        series, attempt = next_ones[number]
        series.take(attempt, outcome)

    maker.draw(wanted, on_result, ended_by(wave.faults, limits))
    wave.is_whole = wave.told == len(wanted)
    return wave
