"""`darkroom config`: what is configured, where it comes from, and what is wrong with it."""

from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command, group
from darkroom.core.text import shortened

if TYPE_CHECKING:
    from darkroom.adapters.effective import Checks, Effective

_LINE = 100
app = group("Show and check the configuration.")

SetFlags = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set a value, e.g. parameters.cfg=5."),
]
_Project = Annotated[
    str | None, typer.Option("--project", help="Also what holds for this project.")
]


@command(app, "show")
def show(
    project: _Project = None,
    set_flags: SetFlags = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say where each value comes from.")
    ] = False,
) -> None:
    """Show every effective value; of secrets only whether they are set."""
    from darkroom.adapters.effective import effective

    found = effective(project, set_flags or [])
    console.emit(found.as_dict(explain=explain), lambda: _show(found, explain=explain))


@command(app, "check")
def check(set_flags: SetFlags = None) -> None:
    """Check darkroom.yaml, the secrets and every project; all mistakes at once."""
    from darkroom.adapters.effective import check_everything

    found = check_everything(set_flags or [])
    console.emit(found, lambda: _show_checks(found))


def _show(found: "Effective", *, explain: bool) -> None:
    for file, settings in found.files.items():
        console.say(file)
        for item in settings:
            origin = f"   <- {item.origin}" if explain else ""
            console.say(f"  {item.key}: {_shown(item.value)}{origin}")
    _warn(found.warnings)


def _shown(value: object) -> str:
    """One line; `--json` has the whole of a long text."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return shortened(" ".join(value.split()), _LINE) or '""'
        case _:
            return str(value)


def _show_checks(found: "Checks") -> None:
    console.say(f"darkroom.yaml and secrets: no mistakes ({found.home})")
    for name in found.projects:
        console.say(f"project {name}: no mistakes")
    _warn(found.warnings)


def _warn(warnings: tuple[str, ...]) -> None:
    for text in warnings:
        console.warn(text)
