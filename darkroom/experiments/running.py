"""Carry an experiment out: what is missing is drawn and judged, what is there is used.

Owns one open run: its plan, the results so far, and what becomes of each image. What comes
next is `darkroom.core.experiments.deciding`'s. Everything a resumed run needs lies in the
store before the next image is begun, so a run may be ended at any moment.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Self, cast

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
from darkroom.core.keys import RunKeys
from darkroom.core.sidecar import moment
from darkroom.experiments import telling
from darkroom.experiments.drawing import Outcome, Studio, Taken, Wanted
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
from darkroom.experiments.refining import plan_of, refine
from darkroom.experiments.report import Report, Status, failures_of, lines_of
from darkroom.generating.drawing import new_run
from darkroom.writepath.batch import BatchResult
from darkroom.writepath.fleet_terms import Slot, free

_MOST_AT_ONCE = 64
_S_PER_MINUTE = 60


@dataclass
class _Counts:
    drawn: int = 0
    judged_again: int = 0
    gpu_seconds: float = 0.0


class Work:
    """An open run; used as a context manager. No dataclass: a scheduler looks into those."""

    def __init__(self, name: str, *, is_test: bool = False, resume: bool = False) -> None:
        with ExitStack() as opening:
            self._open = opening.enter_context(opened(name, is_test=is_test))
            if resume and self._open.history.open_plan is None:
                message = f"no run of {self._open.declared.name} is open"
                raise UsageError("experiment-none-open", message)
            self._begin()
            self._stack = opening.pop_all()
        self._tell(self.opened_event)

    def _begin(self) -> None:
        """Take in what is there, and see what is to be done."""
        self._begun_s = time.monotonic()
        self._counts = _Counts()
        self._results: dict[Name, Result] = {}
        self._stale: list[Kept] = []
        self._counting = threading.Lock()
        self.cells = list(self._open.cells)
        self._by_id = {cell.id: cell for cell in self.cells}
        self.is_resumed = False
        self.is_shown = True
        """Whether Prefect still takes pages of this run."""
        self._plan = self._planned()
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
            return Draw(tuple(kept.entry for kept in self._stale[:_MOST_AT_ONCE]))
        step = self._decided()
        while isinstance(step, Done) and not step.is_cut and self._chosen():
            step = self._decided()
        return Draw(step.entries[:_MOST_AT_ONCE]) if isinstance(step, Draw) else step

    def carry_out(self, step: Draw, slot: Slot = free) -> None:
        """Draw and judge these images; what is there already is used."""
        self._make_durable()
        hear = telling.listener()
        studio = Studio(self._open, self.keys, slot)
        names = {entry.name for entry in step.entries}
        again = [kept for kept in self._stale if kept.entry.name in names]
        for kept in again:
            self._judge_again(studio, kept, hear)
        missing = [entry for entry in step.entries if entry.name not in self._results]
        if missing and self._plan.attempts > 1:
            self._refine(studio, missing, hear)
        elif missing:
            self._draw(studio, missing, hear)

    def close(self, done: Done) -> Report:
        """Record the end, and say what the experiment came to."""
        report = self.report(done)
        if self.is_durable and report.status in ("complete", "stopped"):
            add_event(self._open.desk, self.keys, "closed", {"reason": done.reason})
        self._tell(telling.Closed(report))
        return report

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
        return Report(
            name=self._open.declared.name,
            run_id=self.keys.run_id if self.has_work else None,
            status=self._status(done, images, bool(failures)),
            reason=done.reason,
            scale=experiment.scale,
            images=images,
            wanted=len(self._plan.entries),
            drawn=self._counts.drawn,
            found=self._found,
            judged_again=self._counts.judged_again,
            gpu_seconds=self._counts.gpu_seconds,
            seconds=time.monotonic() - self._begun_s,
            seeds=self._plan.seeds,
            cells=lines_of(self.cells, results, experiment.scale, settled),
            failures=failures,
        )

    def _status(self, done: Done, images: int, has_failures: bool) -> Status:
        if images == 0:
            return "empty"
        if has_failures:
            return "incomplete"
        if done.is_cut:
            return "cut"
        return "complete" if images == len(self._plan.entries) else "stopped"

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
        seeds, refined = opened.seeds(), plan_of(opened.experiment, 0)
        return RunPlan(
            keys=new_run(opened.desk, opened.project),
            at=moment(opened.desk.now()),
            entries=opened.entries(seeds, opened.cells),
            seeds=seeds,
            cells={cell.id: plain_cell(cell) for cell in opened.cells},
            digest=opened.digest,
            judging=self._judging,
            attempts=refined.max_attempts if refined else 1,
            declared=cast("Mapping[str, object]", opened.declared.written),
        )

    @property
    def _judging(self) -> str | None:
        return self._open.judging.identity

    def _take_in(self, entries: tuple[Entry, ...]) -> None:
        """Use what is there: an image judged otherwise has to be judged again."""
        for name, kept in self._open.there(entries).items():
            if self._open.counts(kept):
                self._results[name] = kept.result
            else:
                self._stale.append(kept)

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
        )

    # -- deciding ----------------------------------------------------------------

    def _decided(self) -> Decision:
        return decide(self._open.experiment, self._plan.entries, self._results, self._spent())

    def _spent(self) -> Spent:
        minutes = (time.monotonic() - self._begun_s) / _S_PER_MINUTE
        return Spent(len(self._results), self._counts.gpu_seconds, minutes)

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
        self._join(cells)
        self._take_in(entries)

    def _join(self, cells: Sequence[Cell]) -> None:
        self.cells += cells
        self._by_id |= {cell.id: cell for cell in cells}

    # -- drawing -----------------------------------------------------------------

    def _draw(self, studio: Studio, entries: Sequence[Entry], hear: telling.Listener) -> None:
        numbers = {each.name: number for number, each in enumerate(self._plan.entries, 1)}
        wanted = [
            Wanted(entry, self._cell(entry), numbers[entry.name], entry.seed, {})
            for entry in entries
        ]
        faults: list[DarkroomError] = []

        def came(number: int, result: BatchResult) -> None:
            outcome = studio.outcome(wanted[number], result)
            if isinstance(outcome, Taken):
                self._count(outcome.is_fresh, outcome.kept.seconds)
            self._settle(entries[number], outcome, hear, faults)

        studio.draw(wanted, came, self._left_s())
        if faults:
            raise faults[0]

    def _refine(self, studio: Studio, entries: Sequence[Entry], hear: telling.Listener) -> None:
        numbers = {each.name: number for number, each in enumerate(self._plan.entries)}
        for entry in entries:
            plan = plan_of(self._open.experiment, entry.seed)
            assert plan is not None  # a run with attempts refines
            first = numbers[entry.name] * self._plan.attempts + 1
            outcome, drawn, seconds = refine(studio, plan, entry, self._cell(entry), first)
            self._counts.drawn += drawn
            self._counts.gpu_seconds += seconds
            faults: list[DarkroomError] = []
            self._settle(entry, outcome, hear, faults)
            if faults:
                raise faults[0]

    def _cell(self, entry: Entry) -> Cell:
        return self._by_id[entry.cell]

    def _left_s(self) -> float | None:
        most = self._open.experiment.declared.budget.gpu_seconds
        return None if most is None else most - self._counts.gpu_seconds

    def _count(self, is_fresh: bool, seconds: float | None) -> None:
        with self._counting:
            self._counts.drawn += is_fresh
            self._counts.gpu_seconds += (seconds or 0.0) if is_fresh else 0.0

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

    def _judge_again(self, studio: Studio, kept: Kept, hear: telling.Listener) -> None:
        judged = studio.judged(kept, "judged")
        self._stale.remove(kept)
        self._counts.judged_again += 1
        self._remember(judged.entry, judged.result, hear, fresh=False)

    def _remember(
        self, entry: Entry, result: Result, hear: telling.Listener, *, fresh: bool = True
    ) -> None:
        self._results[entry.name] = result
        hear(telling.Came(self._cell(entry), result, fresh))

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
