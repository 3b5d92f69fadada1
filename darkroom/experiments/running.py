"""Carry an experiment out: what is missing is drawn and judged, what is there is used.

Owns one open run: its plan, the results so far, and what becomes of each image. What comes
next is `darkroom.core.experiments.deciding`'s. Everything a resumed run needs lies in the
store before the next image is begun, so a run may be ended at any moment.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Self

from darkroom.core.errors import DarkroomError, UsageError
from darkroom.core.experiments.cells import Cell, Result
from darkroom.core.experiments.deciding import (
    Decision,
    Done,
    Draw,
    Entry,
    Spent,
    decide,
    settled_cells,
)
from darkroom.core.experiments.grid_slots import Gathered
from darkroom.core.experiments.versions import engines_of, mixed
from darkroom.core.keys import RunKeys
from darkroom.experiments import telling
from darkroom.experiments.beginning import new_plan
from darkroom.experiments.drawing import ImageMaker, Outcome, Taken, Wanted, ended_by
from darkroom.experiments.grid_gather import ENDED, gathered_of
from darkroom.experiments.history import (
    Kept,
    Name,
    RunPlan,
    add_event,
    plain_cell,
    plain_entries,
    read_cell,
    write_plan,
)
from darkroom.experiments.opening import Opened, opened
from darkroom.experiments.refining import Series, draw_wave, plan_of
from darkroom.experiments.rejoining import Lookout, joined
from darkroom.experiments.report import Report, failures_of, lines_of, status_of
from darkroom.experiments.spending import Limits, Purse
from darkroom.runs.telling import Said, tell
from darkroom.writepath.batch import BatchResult
from darkroom.writepath.fleet_opening import Servers
from darkroom.writepath.fleet_terms import Slot, free

_MOST_AT_ONCE = 500
_MOST_JUDGED = 64
_JUDGED_AT_A_TIME = 8
"""A judge that is asked too much at once makes its own queue."""


class Work:
    """An open run; used as a context manager. No dataclass: a scheduler looks into those."""

    def __init__(self, name: str, *, is_test: bool = False, resume: bool = False) -> None:
        with ExitStack() as opening:
            self._open = opening.enter_context(opened(name, is_test=is_test, is_alone=True))
            if resume and self._open.history.open_plan is None:
                message = f"no run of {self._open.declared.name} is open"
                raise UsageError("experiment-none-open", message)
            self._begin()
            self._lookout = Lookout(self._open.absent)
            if self.has_work:
                opening.enter_context(self._lookout)
            self._stack = opening.pop_all()
        self._tell(self.opened_event)

    def _begin(self) -> None:
        """Take in what is there, and see what is to be done."""
        self._purse = Purse(self._open.experiment.declared.budget, lambda: self._lookout.sees)
        self._notes: list[str] = []
        self._results: dict[Name, Result] = {}
        self._stale: dict[Name, Kept] = {}
        self._attempts = 0
        """Drawn for what was there, by earlier commands."""
        self.cells = list(self._open.cells)
        self._by_id = {cell.id: cell for cell in self.cells}
        self.is_resumed = False
        self.is_shown = True
        """Whether Prefect still takes pages of this run."""
        self._plan = self._planned()
        self._places = {each.name: place for place, each in enumerate(self._plan.entries)}
        self._take_in(self._plan.entries)
        self._found = len(self._results) + len(self._stale)
        self.has_work = bool(self._stale) or self._is_waiting()
        """Whether anything is left to draw or to judge."""

    @property
    def opened(self) -> Opened:
        """What the run works with."""
        return self._open

    @property
    def keys(self) -> RunKeys:
        """Where what it draws lies."""
        return self._plan.keys

    @property
    def results(self) -> tuple[Result, ...]:
        """Everything so far, failures of this run included."""
        return tuple(self._results.values())

    def decide(self) -> Decision:
        """What follows from everything that is there."""
        if self._stale:
            first = islice(self._stale.values(), _MOST_JUDGED)
            return Draw(tuple(kept.entry for kept in first))
        step = self._decided()
        while isinstance(step, Done) and not step.is_cut and self._chosen():
            step = self._decided()
        return Draw(step.entries[:_MOST_AT_ONCE]) if isinstance(step, Draw) else step

    def carry_out(self, step: Draw, slot: Slot = free) -> None:
        """Draw and judge these images; what is there already is used."""
        if (found := self._lookout.take()) is not None:
            self._welcome(found)
        was_begun = self.is_durable
        self._make_durable()
        hear = telling.listener()
        self._purse.begin_step()
        begun = self._purse.begin_image
        maker = ImageMaker(self._open, self.keys, slot, begun, was_begun, self._said)
        again = [self._stale[each.name] for each in step.entries if each.name in self._stale]
        self._judge_again(maker, again, hear)
        missing = [entry for entry in step.entries if entry.name not in self._results]
        if missing and self._plan.attempts > 1:
            self._refine(maker, missing, hear)
        elif missing:
            self._draw(maker, missing, hear)

    def close(self, done: Done) -> Report:
        """Record the end, and say what the experiment came to."""
        report = self.report(done)
        if self.is_durable and report.status in ("complete", "stopped"):
            add_event(self._open.desk, self.keys, "closed", {"reason": done.reason})
        self._tell(telling.Closed(report))
        return report

    def gathered(self, report: Report) -> Gathered:
        """The same for a grid, without reading anything again."""
        return gathered_of(
            report.name,
            (self.cells, self.results),
            report.seeds,
            report.scale,
            self._open.experiment,
            stopped=ENDED if report.status in ("complete", "stopped") else "",
        )

    def standing(self) -> Report:
        """What the experiment has come to so far."""
        step = self._decided()
        return self.report(step if isinstance(step, Done) else Done("it goes on", is_cut=True))

    def report(self, done: Done) -> Report:
        """What the experiment came to, for this reason."""
        results = self.results
        experiment = self._open.experiment
        failures = failures_of(self.cells, results)
        settled = settled_cells(experiment, self._plan.entries, results)
        images = sum(result.image is not None for result in results)
        lines = lines_of(self.cells, results, experiment.scale, settled)
        return Report(
            name=self._open.declared.name,
            run_id=self.keys.run_id if self.has_work else None,
            status=status_of(
                images,
                len(self._plan.entries),
                has_failures=bool(failures),
                is_cut=done.is_cut,
            ),
            reason=done.reason,
            scale=experiment.scale,
            images=images,
            wanted=len(self._plan.entries),
            drawn=self._purse.drawn,
            found=self._found,
            judged_again=self._purse.judged_again,
            gpu_seconds=self._purse.gpu_seconds,
            seconds=self._purse.seconds,
            seeds=self._plan.seeds,
            cells=lines,
            failures=failures,
            engines=engines_of(results),
            mixed=mixed(line.engines for line in lines),
            notes=tuple(self._notes),
        )

    # -- beginning ---------------------------------------------------------------

    def _planned(self) -> RunPlan:
        """The run that is still open, where it means the same; else a new one."""
        opened, last = self._open, self._open.history.open_plan
        if last is not None and last.digest == opened.digest and last.judging == self._judging:
            self.is_resumed = self.is_durable = True
            known = {cell.id for cell in self.cells}
            further = [name for name in last.cells if name not in known]
            self._join(tuple(read_cell(name, last.cells[name]) for name in further))
            return last
        self.is_durable = False
        return new_plan(opened)

    @property
    def _judging(self) -> str | None:
        return self._open.judging.identity

    def _take_in(self, entries: tuple[Entry, ...]) -> None:
        """Use what is there: an image judged otherwise has to be judged again."""
        for name, kept in self._open.there(entries).items():
            if self._open.counts(kept):
                self._results[name] = kept.result
            else:
                self._stale[name] = kept
            self._attempts += kept.attempts

    def _is_waiting(self) -> bool:
        adaptive = self._open.experiment.declared.adaptive
        is_open = adaptive is not None and len(self.cells) < adaptive.trials
        return is_open or isinstance(self._decided(), Draw)

    def _make_durable(self) -> None:
        if not self.is_durable:
            write_plan(self._open.desk, self._open.experiment.name, self._plan)
            self.is_durable = True

    @property
    def opened_event(self) -> telling.Opened:
        """What is told first."""
        return telling.Opened(
            name=self._open.declared.name,
            run_id=self.keys.run_id if self.has_work else None,
            resumed=self.is_resumed,
            cells=len(self.cells),
            images=len(self._plan.entries),
            there=len(self._results),
            again=len(self._stale),
            away=self._open.away,
        )

    # -- deciding ----------------------------------------------------------------

    def _decided(self) -> Decision:
        return decide(self._open.experiment, self._plan.entries, self._results, self._spent())

    def _spent(self) -> Spent:
        is_refined = self._plan.attempts > 1
        images = self._attempts + self._purse.drawn if is_refined else len(self._results)
        return Spent(images, self._purse.gpu_seconds, self._purse.minutes)

    def _chosen(self) -> bool:
        """Let the optimiser add cells; false where there are none to add."""
        adaptive = self._open.experiment.declared.adaptive
        if adaptive is None or len(self.cells) >= adaptive.trials:
            return False
        # imported here: only an adaptive experiment needs an optimiser
        from darkroom.experiments.adaptive import next_cells

        start = self._open.base.start
        cells = next_cells(self._open.experiment, start, self.cells, self.results)
        known = {cell.id for cell in self.cells}
        new = [cell for cell in cells if cell.id not in known][: adaptive.trials - len(self.cells)]
        if new:
            self._add(tuple(new))
        return bool(new)

    def _add(self, cells: tuple[Cell, ...]) -> None:
        self._open.check(cells)
        self._make_durable()
        entries = self._open.entries(self._plan.seeds, cells)
        plain = {cell.id: plain_cell(cell) for cell in cells}
        content = {"entries": plain_entries(entries), "cells": plain}
        add_event(self._open.desk, self.keys, "further", content)
        every = (*self._plan.entries, *entries)
        self._plan = replace(self._plan, entries=every, cells={**self._plan.cells, **plain})
        self._places |= {each.name: len(self._places) + n for n, each in enumerate(entries)}
        self._join(cells)
        self._take_in(entries)

    def _join(self, cells: Sequence[Cell]) -> None:
        self.cells += cells
        self._by_id |= {cell.id: cell for cell in cells}

    # -- drawing -----------------------------------------------------------------

    def _draw(self, maker: ImageMaker, entries: Sequence[Entry], hear: telling.Listener) -> None:
        wanted = [
            Wanted(entry, self._cell(entry), self._places[entry.name] + 1, entry.seed, {})
            for entry in entries
        ]
        faults: list[DarkroomError] = []

        def came(number: int, result: BatchResult) -> None:
            outcome = maker.outcome(wanted[number], result)
            if isinstance(outcome, Taken):
                self._count(outcome)
            self._settle(entries[number], outcome, hear, faults)

        maker.draw(wanted, came, ended_by(faults, self._purse.limits()))
        if faults:
            raise faults[0]

    def _refine(self, maker: ImageMaker, entries: Sequence[Entry], hear: telling.Listener) -> None:
        waiting = [self._series(entry) for entry in entries]
        while waiting:
            wave = draw_wave(maker, waiting, self._count, self._limits())
            for each in waiting:
                if each.is_over:
                    self._settle(each.entry, each.outcome(maker), hear, wave.faults)
            if wave.faults:
                raise wave.faults[0]
            if not wave.is_whole:
                return  # what was tried is found again, should it go on
            waiting = [each for each in waiting if not each.is_over]

    def _series(self, entry: Entry) -> Series:
        plan = plan_of(self._open.experiment, entry.seed)
        assert plan is not None  # a run with attempts refines
        first = self._places[entry.name] * self._plan.attempts + 1
        return Series(plan, entry, self._cell(entry), first)

    def _limits(self) -> Limits:
        most = self._open.experiment.declared.budget.images
        return self._purse.limits(None if most is None else most - self._spent().images)

    def _cell(self, entry: Entry) -> Cell:
        return self._by_id[entry.cell]

    def _count(self, taken: Taken) -> None:
        if taken.is_fresh:
            self._purse.count(taken.kept.seconds)

    def _settle(
        self, entry: Entry, outcome: Outcome, hear: telling.Listener, faults: list[DarkroomError]
    ) -> None:
        """Take one image in, or why there is none; what stops everything is collected."""
        if isinstance(outcome, DarkroomError):
            faults.append(outcome)
        elif isinstance(outcome, Taken):
            self._remember(entry, outcome.kept.result, hear, fresh=outcome.is_fresh)
        else:
            cause = self._open.desk.redact(outcome)
            content = {"entry": plain_entries([entry])[0], "cause": cause}
            add_event(self._open.desk, self.keys, "failed", content)
            self._remember(entry, Result(*entry.name, None, None, None, None, cause), hear)

    def _judge_again(
        self, maker: ImageMaker, again: Sequence[Kept], hear: telling.Listener
    ) -> None:
        faults: list[DarkroomError] = []
        with ThreadPoolExecutor(_JUDGED_AT_A_TIME) as threads:
            outcomes = threads.map(partial(maker.entered, kind="judged"), again)
            for kept, outcome in zip(again, outcomes, strict=True):
                if not isinstance(outcome, DarkroomError):
                    del self._stale[kept.entry.name]
                self._purse.judged_again += isinstance(outcome, Taken)
                self._settle(kept.entry, outcome, hear, faults)
        if faults:
            raise faults[0]

    def _remember(
        self, entry: Entry, result: Result, hear: telling.Listener, *, fresh: bool = True
    ) -> None:
        self._results[entry.name] = result
        hear(telling.Came(self._cell(entry), result, fresh))

    def _said(self, text: str) -> None:
        self._notes.append(text)
        tell(Said(text))

    def _welcome(self, found: Servers) -> None:
        """Draw on servers that were away as well."""
        self._open = joined(self._open, self.cells, found)
        self._said(f"{', '.join(found.hosts)} answers by now and draws as well")

    def _tell(self, event: telling.Event) -> None:
        telling.listener()(event)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def carry_out(name: str, *, is_test: bool = False) -> Report:
    """A whole experiment in this process, without a scheduler."""
    with Work(name, is_test=is_test) as work:
        while isinstance(step := work.decide(), Draw):
            work.carry_out(step)
        return work.close(step)
