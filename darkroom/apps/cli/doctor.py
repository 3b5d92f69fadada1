"""`darkroom doctor`: is everything there that a run needs, and if not, what to do."""

from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command

if TYPE_CHECKING:
    from darkroom.adapters.doctor import Check

_Project = Annotated[
    str | None,
    typer.Option("--project", help="Also check this project: files, workflow, vision provider."),
]


def doctor(project: _Project = None) -> int:
    """Check machine, configuration, store, servers and, if named, a project."""
    from darkroom.adapters.doctor import examine, exit_code

    checks = examine(project)
    console.emit(checks, lambda: _show(checks))
    return exit_code(checks)


def _show(checks: "tuple[Check, ...]") -> None:
    rows = [(check.status, check.name, check.said, check.remedy or None) for check in checks]
    console.table(("", "what", "found", "what to do"), rows)


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    command(root, "doctor")(doctor)
