"""`flag` and `rank`: say something of whole runs, and of the order of their images."""

from typing import Annotated

import typer

from darkroom.apps.cli.annotate_doing import Asked, By, annotate, runs_only
from darkroom.apps.cli.door import command
from darkroom.core.errors import UsageError

_Runs = Annotated[list[str], typer.Argument(help="Runs, as RUN_ID or PROJECT/RUN_ID.")]
_Run = Annotated[str, typer.Argument(help="The run, as RUN_ID or PROJECT/RUN_ID.")]
_Test = Annotated[bool | None, typer.Option("--test/--no-test", help="A trial of the machinery.")]
_Failed = Annotated[bool | None, typer.Option("--failed/--no-failed", help="It came to nothing.")]
_Archived = Annotated[bool | None, typer.Option("--archived/--no-archived", help="Out of the way.")]
_Name = Annotated[str | None, typer.Option("--name", help="How people call it.")]
_Order = Annotated[list[int], typer.Argument(help="Iterations, the best first.")]
_Notes = Annotated[
    list[str] | None, typer.Option("--note", metavar="ITERATION=TEXT", help="Why; repeatable.")
]


def flag(
    runs: _Runs,
    *,
    test: _Test = None,
    failed: _Failed = None,
    archived: _Archived = None,
    name: _Name = None,
    by: By = None,
) -> None:
    """Flag runs as tests, as failed, as archived, or give them a name."""
    flags = {"is_test": test, "is_failed": failed, "is_archived": archived, "display_name": name}
    said = {field: value for field, value in flags.items() if value is not None}
    if not said:
        raise UsageError("usage", "say which flag: --test, --failed, --archived or --name")
    asked = Asked(runs, {}, by=by)
    annotate(asked, lambda annotator, named: [annotator.set_on_sessions(runs_only(named), said)])


def rank(run: _Run, order: _Order, *, notes: _Notes = None, by: By = None) -> None:
    """Put a run's iterations in order; `darkroom run --seed-from-ranking` starts from it."""
    from darkroom.archive.annotating_ranking import rank as say

    words = _words(notes or [])
    annotate(
        Asked([run], {}, by=by),
        lambda annotator, named: [
            say(annotator.log, one, order, words) for one in runs_only(named)
        ],
    )


def _words(notes: list[str]) -> dict[int, str]:
    found: dict[int, str] = {}
    for written in notes:
        number, equals, text = written.partition("=")
        if not (equals and number.isdigit()):
            raise UsageError("usage", f"--note {written[:40]!r} is not ITERATION=TEXT")
        found[int(number)] = text
    return found


def register(root: typer.Typer) -> None:
    """Add the commands to the root."""
    command(root, "flag")(flag)
    command(root, "rank")(rank)
