"""Carry an experiment out: what is missing is drawn and judged, what is there is used.

Owns one open run and what becomes of each image; what it knows is in its `Books`. What comes
next is `darkroom.core.experiments.deciding`'s. Everything a resumed run needs lies in the
store before the next image is begun, so a run may be ended at any moment.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import islice
from typing import Self

from darkroom.core.errors import DarkroomError, UsageError
from darkroom.core.experiments.cells import Result
from darkroom.core.experiments.deciding import (
    Decision,
    Done,
    Draw,
    Entry,
    decide,
)
from darkroom.core.experiments.grid_slots import Gathered
from darkroom.core.keys import RunKeys
from darkroom.experiments import telling
from darkroom.experiments.attempts import plan_of
from darkroom.experiments.books import Books
from darkroom.experiments.drawing import ImageMaker, Outcome, Taken, Wanted, ended_by
from darkroom.experiments.grid_gather import ENDED, gathered_of
from darkroom.experiments.history import (
    Kept,
    add_event,
    plain_entries,
)
from darkroom.experiments.opening import Opened, opened
from darkroom.experiments.refining import Series, draw_wave
from darkroom.experiments.rejoining import Lookout, joined
from darkroom.experiments.report import Report
from darkroom.experiments.spending import Limits, Purse
from darkroom.runs.telling import Said, tell
from darkroom.writepath.batch import BatchResult
from darkroom.writepath.fleet_opening import Servers
from darkroom.writepath.fleet_terms import Slot, free, unheard

_MOST_AT_ONCE = 500
_MOST_JUDGED = 64
_JUDGED_AT_A_TIME = 8
"""A judge that is asked too much at once makes its own queue."""


class Work:
    """An open run; used as a context manager. No dataclass: a scheduler looks into those."""

    def __init__(
        self,
        name: str,
        *,
        is_test: bool = False,
        resume: bool = False,
        said: Callable[[str], None] = unheard,
        is_watched: bool = True,
    ) -> None:
        with ExitStack() as opening:
            found = opened(name, is_test=is_test, is_alone=True, said=said, is_watched=is_watched)
            self._open = opening.enter_context(found)
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
        self._books = Books(self._open, self._purse)
        self.is_shown = True
        """Whether Prefect still takes pages of this run."""
        self.has_work = bool(self._books.stale) or self._is_waiting()
        """Whether anything is left to draw or to judge."""

    @property
    def opened(self) -> Opened:
        """What the run works with."""
        return self._open

    @property
    def keys(self) -> RunKeys:
        """Where what it draws lies."""
        return self._books.plan.keys

    @property
    def is_resumed(self) -> bool:
        """Whether it goes on with a run that was begun before."""
        return self._books.is_resumed

    @property
    def results(self) -> tuple[Result, ...]:
        """Everything so far, failures of this run included."""
        return tuple(self._books.results.values())

    def decide(self) -> Decision:
        """What follows from everything that is there."""
        if self._books.stale:
            first = islice(self._books.stale.values(), _MOST_JUDGED)
            return Draw(tuple(kept.entry for kept in first))
        step = self._decided()
        while isinstance(step, Done) and not step.is_cut and self._chosen():
            step = self._decided()
        return Draw(step.entries[:_MOST_AT_ONCE]) if isinstance(step, Draw) else step

    def carry_out(self, step: Draw, slot: Slot = free) -> None:
        """Draw and judge these images; what is there already is used."""
        if (found := self._lookout.take()) is not None:
            self._welcome(found)
        books, was_begun = self._books, self._books.is_durable
        books.make_durable(self._open)
        hear = telling.listener()
        self._purse.begin_step()
        begun = self._purse.begin_image
        maker = ImageMaker(self._open, self.keys, slot, begun, was_begun, self._said)
        again = [books.stale[each.name] for each in step.entries if each.name in books.stale]
        self._judge_again(maker, again, hear)
        missing = [entry for entry in step.entries if entry.name not in books.results]
        if missing and books.is_refined:
            self._refine(maker, missing, hear)
        elif missing:
            self._draw(maker, missing, hear)

    def close(self, done: Done) -> Report:
        """Record the end, and say what the experiment came to."""
        report = self.report(done)
        is_open = self._books.is_durable and not self._books.plan.is_closed
        if is_open and report.status in ("complete", "stopped"):
            add_event(self._open.desk, self.keys, "closed", {"reason": done.reason})
        self._tell(telling.Closed(report))
        return report

    def gathered(self, report: Report) -> Gathered:
        """The same for a grid, without reading anything again."""
        return gathered_of(
            report.name,
            (self._books.cells, self.results),
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
        return self._books.report(self._open, done, has_work=self.has_work)

    @property
    def opened_event(self) -> telling.Opened:
        """What is told first."""
        cells, images = len(self._books.cells), len(self._books.plan.entries)
        unchosen = self._unchosen()
        per_cell = len(self._books.plan.seeds) * self._open.experiment.declared.repeats
        return telling.Opened(
            name=self._open.declared.name,
            run_id=self.keys.run_id if self.has_work else None,
            resumed=self.is_resumed,
            cells=cells + unchosen,
            images=images + unchosen * per_cell,
            there=len(self._books.results),
            again=len(self._books.stale),
            is_open=unchosen > 0,
            away=self._open.away,
        )

    # -- deciding ----------------------------------------------------------------

    def _decided(self) -> Decision:
        books = self._books
        return decide(self._open.experiment, books.plan.entries, books.results, books.spent)

    def _is_waiting(self) -> bool:
        return self._unchosen() > 0 or isinstance(self._decided(), Draw)

    def _unchosen(self) -> int:
        """So many cells an optimiser may still choose."""
        adaptive = self._open.experiment.declared.adaptive
        return 0 if adaptive is None else max(0, adaptive.trials - len(self._books.cells))

    def _chosen(self) -> bool:
        """Let the optimiser add cells; false where there are none to add."""
        adaptive = self._open.experiment.declared.adaptive
        known = self._books.cells
        if adaptive is None or len(known) >= adaptive.trials:
            return False
        # imported here: only an adaptive experiment needs an optimiser
        from darkroom.experiments.adaptive import next_cells

        start = self._open.base.start
        cells = next_cells(self._open.experiment, start, known, self.results)
        ids = {cell.id for cell in known}
        new = tuple(each for each in cells if each.id not in ids)[: adaptive.trials - len(known)]
        if new:
            self._open.check(new)
            self._books.extend(self._open, new)
        return bool(new)

    # -- drawing -----------------------------------------------------------------

    def _draw(self, maker: ImageMaker, entries: Sequence[Entry], hear: telling.Listener) -> None:
        books = self._books
        wanted = [
            Wanted(entry, books.cell(entry), books.first_iteration(entry), entry.seed, {})
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
        return Series(plan, entry, self._books.cell(entry), self._books.first_iteration(entry))

    def _limits(self) -> Limits:
        most = self._open.experiment.declared.budget.images
        return self._purse.limits(None if most is None else most - self._books.spent.images)

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
                    del self._books.stale[kept.entry.name]
                self._purse.judged_again += isinstance(outcome, Taken)
                self._settle(kept.entry, outcome, hear, faults)
        if faults:
            raise faults[0]

    def _remember(
        self, entry: Entry, result: Result, hear: telling.Listener, *, fresh: bool = True
    ) -> None:
        self._books.results[entry.name] = result
        hear(telling.Came(self._books.cell(entry), result, fresh))

    def _said(self, text: str) -> None:
        self._books.notes.append(text)
        tell(Said(text))

    def _welcome(self, found: Servers) -> None:
        """Draw on servers that were away as well."""
        self._open = joined(self._open, self._books.cells, found)
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
