"""`darkroom experiment`: plan, run, resume, list and show declared experiments.

Owns the flags and the exit codes. What an experiment does is the flow `experiment`'s; how it
is shown is `experiment_screen`'s.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command, group
from darkroom.core.errors import NotAccepted, OutsideError

if TYPE_CHECKING:
    from darkroom.experiments.report import Report

app = group("Experiments: what a project's files declare, drawn, judged and compared.")

_Name = Annotated[str, typer.Argument(metavar="PROJECT/EXPERIMENT", help="For example demo/first.")]
_Test = Annotated[bool, typer.Option("--test", help="Mark the images as tests.")]
_Cells = Annotated[int, typer.Option("--cells", min=0, help="Show so many cells; 0 shows all.")]
_Project = Annotated[str | None, typer.Argument(metavar="PROJECT", help="One project only.")]
_MOST = 20


@command(app, "plan")
def plan(name: _Name, cells: _Cells = _MOST) -> None:
    """Check everything and say what would be drawn, how long it takes and what is there."""
    from darkroom.apps.cli.experiment_screen import show_plan
    from darkroom.experiments.planning import plan as planned

    found = planned(name)
    console.emit(found, lambda: show_plan(found, cells))


@command(app, "run")
def run(name: _Name, cells: _Cells = _MOST, *, test: _Test = False) -> None:
    """Draw and judge what is missing; what is there counts, whichever run drew it."""
    _run(name, cells, test=test, resume=False)


@command(app, "resume")
def resume(name: _Name, cells: _Cells = _MOST) -> None:
    """Go on with a run that was stopped, and try again what failed."""
    _run(name, cells, test=False, resume=True)


@command(app, "show")
def show(name: _Name, cells: _Cells = _MOST) -> None:
    """Show the cells with score and interval, as the latest run left them."""
    from darkroom.apps.cli.experiment_screen import show_report
    from darkroom.experiments.standing import standing

    found = standing(name).report
    console.emit(found, lambda: show_report(found, cells))


@command(app, "list")
def list_all(project: _Project = None) -> None:
    """List the experiments of one project, or of all."""
    from darkroom.adapters.settings import open_lab
    from darkroom.experiments.declared import list_declared

    found = list_declared(open_lab(), project)
    rows = [(each.name, each.mistakes or None, each.description, each.file) for each in found]
    console.emit(found, lambda: console.table(("experiment", "mistakes", "about", "file"), rows))


def _run(name: str, cells: int, *, test: bool, resume: bool) -> None:
    from darkroom.apps.cli.experiment_screen import screen, show_report
    from darkroom.experiments.declared import split
    from darkroom.experiments.params import ExperimentParams
    from flows.launching_experiment import run_experiment

    project, experiment = split(name)
    params = ExperimentParams(project=project, name=experiment, is_test=test, resume=resume)
    with screen() as (listener, speaker):
        report = run_experiment(params, listener, speaker)
    console.emit(report, lambda: show_report(report, cells))
    _judge(report)


def _judge(report: "Report") -> None:
    """Let the exit code say what the table alone might hide."""
    failed = len(report.failures)
    if report.status == "empty":
        reason = report.failures[0].cause if report.failures else report.reason
        raise OutsideError("experiment-without-image", reason)
    if report.status == "incomplete":
        message = f"{failed} of {report.wanted} images failed; the first: "
        raise NotAccepted("experiment-incomplete", message + report.failures[0].cause)
