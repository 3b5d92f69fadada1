"""How an experiment stands, by what the store holds: no server is asked, no file is read.

Owns what `darkroom experiment show` and the grid are made of.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from darkroom.adapters.settings import Lab, open_lab
from darkroom.core.errors import UsageError
from darkroom.core.experiments.cells import Cell, Result
from darkroom.core.experiments.versions import engines_of, mixed
from darkroom.experiments.declared import read_declared, split
from darkroom.experiments.history import History, RunPlan, read_cell, read_history
from darkroom.experiments.report import Report, Status, failures_of, lines_of
from darkroom.writepath.opening import opened_desk

_OUT_OF_TEN = ("scores", "none")


@dataclass(frozen=True)
class Standing:
    """An experiment as its latest run left it."""

    name: str
    run: RunPlan
    history: History
    cells: tuple[Cell, ...]
    results: tuple[Result, ...]
    """Of these cells; failures of the latest run included."""
    scale: float

    @property
    def report(self) -> Report:
        """The same, as a run would report it."""
        images = sum(result.image is not None for result in self.results)
        failures = failures_of(self.cells, self.results)
        wanted = len(self.run.entries)
        lines = lines_of(self.cells, self.results, self.scale)
        reason = "the latest run came to its end" if self.run.is_closed else "it can be resumed"
        status: Status = "stopped" if self.run.is_closed else "cut"
        if images == wanted:
            status = "complete"
        return Report(
            name=self.name,
            run_id=self.run.keys.run_id,
            status="incomplete" if failures else status,
            reason=reason,
            scale=self.scale,
            images=images,
            wanted=wanted,
            drawn=0,
            found=images,
            judged_again=0,
            gpu_seconds=sum(each.seconds or 0.0 for each in self.results),
            seconds=0.0,
            seeds=self.run.seeds,
            cells=lines,
            failures=failures,
            engines=engines_of(self.results),
            mixed=mixed(line.engines for line in lines),
        )


def standing(name: str, lab: Lab | None = None) -> Standing:
    """How an experiment stands; UsageError where it never ran."""
    lab = lab or open_lab()
    project, experiment = split(name)
    with opened_desk(lab) as desk:
        history = read_history(desk.store, project, experiment)
        if not history.plans:
            read_declared(lab, name)  # a name that is wrong is told as such
            raise UsageError("experiment-none-open", f"{project}/{experiment} has no run yet")
        run = history.plans[-1]
        return Standing(
            name=f"{project}/{experiment}",
            run=run,
            history=history,
            cells=tuple(read_cell(cell, told) for cell, told in run.cells.items()),
            results=tuple(_results(history, run)),
            scale=_scale(run),
        )


def _results(history: History, run: RunPlan) -> Sequence[Result]:
    found = [
        history.kept[entry.name].result
        for entry in run.entries
        if entry.name in history.kept and run.judging in (None, history.kept[entry.name].judging)
    ]
    failed = [Result(*name, None, None, None, None, cause) for name, cause in run.failures.items()]
    return [*found, *failed]


def _scale(run: RunPlan) -> float:
    return 10.0 if cast("Any", run.declared).get("judge", "rules") in _OUT_OF_TEN else 100.0
