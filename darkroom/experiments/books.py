"""What an open run of an experiment knows: its plan, its results, what it has spent.

Owns the keeping of these, and the report made of them. What comes next, and its doing, is
the open run's.
"""

from collections.abc import Sequence
from dataclasses import replace

from darkroom.core.experiments.cells import Cell, Result
from darkroom.core.experiments.deciding import Done, Entry, Spent, settled_cells
from darkroom.core.experiments.versions import engines_of, mixed
from darkroom.experiments.beginning import new_plan
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
from darkroom.experiments.opening import Opened
from darkroom.experiments.report import Report, failures_of, lines_of, status_of
from darkroom.experiments.spending import Purse


class Books:
    """The books of one run; images count from the moment they are entered."""

    def __init__(self, opened: Opened, purse: Purse) -> None:
        self._purse = purse
        self._drawn_before = opened.history.drawn
        self.cells = list(opened.cells)
        self._by_id = {cell.id: cell for cell in self.cells}
        self.results: dict[Name, Result] = {}
        self.stale: dict[Name, Kept] = {}
        """There, and to be judged by other rules than they were."""
        self.notes: list[str] = []
        self.is_resumed = self.is_durable = False
        self.plan = self._planned(opened)
        self._places = {each.name: place for place, each in enumerate(self.plan.entries)}
        self.take_in(opened, self.plan.entries)
        self._found = len(self.results) + len(self.stale)

    @property
    def is_refined(self) -> bool:
        """Whether an image of it may be one of several attempts."""
        return self.plan.attempts > 1

    @property
    def spent(self) -> Spent:
        """What budgets count."""
        images = self._drawn_before + self._purse.drawn if self.is_refined else len(self.results)
        return Spent(images, self._purse.gpu_seconds, self._purse.minutes)

    def cell(self, entry: Entry) -> Cell:
        """What an entry asks for."""
        return self._by_id[entry.cell]

    def first_iteration(self, entry: Entry) -> int:
        """Where its image lies in the run, or the first of its attempts."""
        return self._places[entry.name] * self.plan.attempts + 1

    def take_in(self, opened: Opened, entries: tuple[Entry, ...]) -> None:
        """Use what is there: an image judged otherwise has to be judged again."""
        for name, kept in opened.there(entries).items():
            if opened.counts(kept):
                self.results[name] = kept.result
            else:
                self.stale[name] = kept

    def make_durable(self, opened: Opened) -> None:
        """Write the plan, before anything is drawn."""
        if not self.is_durable:
            write_plan(opened.desk, opened.experiment.name, self.plan)
            self.is_durable = True

    def extend(self, opened: Opened, cells: tuple[Cell, ...]) -> None:
        """Enter further cells, as an optimiser proposes them."""
        self.make_durable(opened)
        entries = opened.entries(self.plan.seeds, cells)
        plain = {cell.id: plain_cell(cell) for cell in cells}
        content = {"entries": plain_entries(entries), "cells": plain}
        add_event(opened.desk, self.plan.keys, "further", content)
        every = (*self.plan.entries, *entries)
        cells_now = {**self.plan.cells, **plain}
        self.plan = replace(self.plan, entries=every, cells=cells_now, is_closed=False)
        self._places |= {each.name: len(self._places) + n for n, each in enumerate(entries)}
        self._join(cells)
        self.take_in(opened, entries)

    def report(self, opened: Opened, done: Done, *, has_work: bool) -> Report:
        """What the experiment came to, for this reason."""
        results, plan = tuple(self.results.values()), self.plan
        experiment = opened.experiment
        failures = failures_of(self.cells, results)
        settled = settled_cells(experiment, plan.entries, results)
        images = sum(result.image is not None for result in results)
        lines = lines_of(self.cells, results, experiment.scale, settled)
        has_failures = bool(failures)
        return Report(
            name=opened.declared.name,
            run_id=plan.keys.run_id if has_work else None,
            status=status_of(
                images, len(plan.entries), has_failures=has_failures, is_cut=done.is_cut
            ),
            reason=done.reason,
            scale=experiment.scale,
            images=images,
            wanted=len(plan.entries),
            drawn=self._purse.drawn,
            found=self._found,
            judged_again=self._purse.judged_again,
            gpu_seconds=self._purse.gpu_seconds,
            seconds=self._purse.seconds,
            seeds=plan.seeds,
            cells=lines,
            failures=failures,
            engines=engines_of(results),
            mixed=mixed(line.engines for line in lines),
            notes=tuple(self.notes),
        )

    def _planned(self, opened: Opened) -> RunPlan:
        """The run that is still open, where it means the same; else a new one."""
        last = opened.last_same
        if last is None or last.judging != opened.judging.identity:
            return new_plan(opened)
        self.is_resumed = self.is_durable = True
        known = {cell.id for cell in self.cells}
        further = [name for name in last.cells if name not in known]
        self._join(tuple(read_cell(name, last.cells[name]) for name in further))
        return last

    def _join(self, cells: Sequence[Cell]) -> None:
        self.cells += cells
        self._by_id |= {cell.id: cell for cell in cells}
