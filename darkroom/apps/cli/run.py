"""`darkroom run NAME`: refine an image until the project's rules are met.

Owns the flags and the exit code. What a run does is the flow `iterate`'s; how it looks
while it goes on is `run_screen`'s.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command
from darkroom.core.errors import NotAccepted, OutsideError, UsageError

if TYPE_CHECKING:
    from darkroom.runs.params import IterateParams
    from darkroom.runs.preview import Preview
    from darkroom.runs.report import RunReport

_Name = Annotated[str | None, typer.Argument(help="The project to run.")]
_Project = Annotated[str | None, typer.Option("--project", help="The same, as a flag.")]
_Rules = Annotated[
    str | None, typer.Option("--rules", help="Another rules file, or the name of a shipped one.")
]
_Input = Annotated[str | None, typer.Option("--input", help="Another input image.")]
_From = Annotated[
    int | None,
    typer.Option("--resume-from", min=1, help="Decide again from this iteration on."),
]
_Reset = Annotated[bool, typer.Option("--reset", help="Archive the last run and start anew.")]
_Dry = Annotated[bool, typer.Option("--dry-run", help="Check everything and draw nothing.")]
_Ranking = Annotated[
    str | None,
    typer.Option("--seed-from-ranking", metavar="RUN", help="A ranked run's id, or `latest`."),
]
_Mode = Annotated[
    Literal["rank1", "top3", "top5"],
    typer.Option("--seed-ranking-mode", help="How many of the first places count."),
]
_Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting above every file; repeatable."),
]

_Test = Annotated[bool, typer.Option("--test", help="Mark a new run and its images as tests.")]
_Fresh = Annotated[
    bool, typer.Option("--fresh", help="Have a new run draw also what the store has.")
]


def run(  # noqa: PLR0913 - one parameter per flag, read by name only
    name: _Name = None,
    *,
    project: _Project = None,
    rules: _Rules = None,
    input: _Input = None,  # noqa: A002 - the flag's name
    resume_from: _From = None,
    reset: _Reset = False,
    dry_run: _Dry = False,
    seed_from_ranking: _Ranking = None,
    seed_ranking_mode: _Mode = "rank1",
    test: _Test = False,
    fresh: _Fresh = False,
    sets: _Sets = None,
) -> None:
    """Draw, judge and change until the project's rules are met or its budget is spent."""
    from darkroom.runs.params import IterateParams

    params = IterateParams(
        project=_named(name, project),
        rules=_whole(rules),
        input=_whole(input),
        resume_from=resume_from,
        reset=reset,
        dry_run=dry_run,
        seed_from_ranking=seed_from_ranking,
        seed_ranking_mode=seed_ranking_mode,
        test=test,
        fresh=fresh,
        sets=sets or [],
    )
    _preview(params) if dry_run else _run(params)


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    command(root, "run")(run)


def _named(name: str | None, project: str | None) -> str:
    if name and project and name != project:
        raise UsageError("usage", f"both {name!r} and --project {project!r} are given")
    chosen = name or project
    if not chosen:
        raise UsageError("usage", "say which project: darkroom run NAME")
    from darkroom.core.config.slugs import checked_slug

    return checked_slug(chosen)


def _whole(path: str | None) -> str | None:
    """A file as seen from here, for a flow that may run elsewhere; a name stays a name."""
    if path and os.path.lexists(path):
        return str(Path(path).absolute())
    return path


def _preview(params: "IterateParams") -> None:
    from darkroom.runs.preview import preview

    found = preview(params)
    console.emit(found, lambda: _show_preview(found))


def _run(params: "IterateParams") -> None:
    from darkroom.apps.cli.run_screen import screen
    from darkroom.runs.report import RunReport
    from flows.launching import run_iterate

    with screen() as listener:
        report = run_iterate(params, listener)
    assert isinstance(report, RunReport)
    console.emit(report, lambda: _show(report))
    _judge(report)


def _judge(report: "RunReport") -> None:
    """Let the exit code say what the table alone might hide."""
    if report.status == "no-image":
        raise OutsideError("run-without-image", report.reason)
    if report.status == "best-effort":
        raise NotAccepted(
            "not-accepted",
            f"{report.reason}; the best is iteration {report.best}, {_scored(report)}",
        )


def _scored(report: "RunReport") -> str:
    return "judged by nobody" if report.score is None else f"score {report.score:g} of 100"


def _show(report: "RunReport") -> None:
    from darkroom.runs.report import COLUMNS, rows_of

    console.table(COLUMNS, rows_of(report))
    if report.output:
        place = f"projects/{report.project}/{report.output}"
        console.say(f"best: iteration {report.best}, {_scored(report)} -> {place}")
    if report.holdout is not None:
        console.say(f"the judge that only watched: {report.holdout:g} of 100")
    if report.control is not None:
        console.say(f"plain reseeding with the same budget: {report.control.get('summary')}")


def _show_preview(found: "Preview") -> None:
    rows = [
        ("goes on with", found.goes_on_with or "a new run"),
        ("host", f"{found.host} ({found.engine})"),
        ("workflow", found.workflow),
        ("judge", found.judge),
        ("holdout", found.holdout),
        ("strategy", f"{found.strategy}, at most {found.budget} images, from {found.base}"),
        ("settings", ", ".join(f"{name} {value}" for name, value in found.settings.items())),
        ("positive", found.prompts["positive"]),
        ("negative", found.prompts["negative"]),
        ("criteria", ", ".join(found.criteria)),
        ("questions", ", ".join(found.questions)),
    ]
    console.table(("what", "value"), rows)
    for text in found.warnings:
        console.warn(text)
    console.note("dry run: everything is in order, nothing was drawn")
