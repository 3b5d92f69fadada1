"""`darkroom judge`: find out how far a judge can be believed."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command, group
from darkroom.core.errors import NotAccepted

if TYPE_CHECKING:
    from darkroom.runs.judge_check import JudgeCheck

app = group("Judges: how often each is mistaken.")

_Project = Annotated[
    str | None, typer.Option("--project", help="Check the judge of this project's AIVis.yaml.")
]
_Holdout = Annotated[bool, typer.Option("--holdout", help="Check its holdout judge instead.")]
_Provider = Annotated[
    Literal["embedded", "ollama", "openrouter", "openai"] | None,
    typer.Option("--provider", help="Another provider; embedded where nothing else is said."),
]
_Model = Annotated[str | None, typer.Option("--model", help="The model there.")]
_Url = Annotated[str | None, typer.Option("--base-url", help="Where the provider listens.")]
_Count = Annotated[
    int, typer.Option("--count", min=1, max=1000, help="How many scenes to ask about.")
]


@command(app, "check")
def check(
    project: _Project = None,
    *,
    holdout: _Holdout = False,
    provider: _Provider = None,
    model: _Model = None,
    base_url: _Url = None,
    count: _Count = 20,
) -> None:
    """Ask planted controls with known answers; exit code 1 where the judge fails one."""
    from darkroom.runs.judge_check import Wanted, check_judge

    wanted = Wanted(project, holdout, provider, model, base_url, count)
    with console.progress("scenes", count) as advance:
        found = check_judge(wanted, advance)
    console.emit(found, lambda: _show(found))
    if found.used_fallback:
        console.warn("some answers came from the fallback provider: the table is of both")
    _judge(found)


def _judge(found: "JudgeCheck") -> None:
    """Let the exit code say what a script needs to know."""
    failed = [row.control for row in found.table if row.verdict == "fails"]
    if failed:
        raise NotAccepted("judge-fails", f"the judge fails: {', '.join(failed)}")
    if found.verdict == "doubtful":
        console.note("some rates are too high to hold, and too few were asked to tell: --count")


def _show(found: "JudgeCheck") -> None:
    columns = ("control", "asked", "wrong", "unknown", "rate", "95 %", "verdict", "a mistake is")
    rows = [
        (
            row.control,
            row.asked,
            row.wrong,
            row.unknown,
            f"{row.rate:.2f}",
            f"{row.low:.2f}-{row.high:.2f}",
            row.verdict,
            row.means,
        )
        for row in found.table
    ]
    console.table(columns, rows)
    name = f"{found.provider}/{found.model}"
    console.say(f"{name}: {found.verdict} ({found.calls} requests, {found.tokens} tokens)")
