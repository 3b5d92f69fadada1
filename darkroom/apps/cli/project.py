"""`darkroom project`: make, list and check projects."""

from typing import Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command, group

app = group("Make, list and check projects.")

_Name = Annotated[str, typer.Argument(help="Lower-case letters, digits, '-' and '_'.")]
_Names = Annotated[list[str] | None, typer.Argument(help="Projects; left out, all of them.")]


@command(app, "create")
def create(
    name: _Name,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="PROJECT", help="Copy `demo` or another project."),
    ] = None,
) -> None:
    """Make a new project out of the defaults, the demo or another project."""
    from darkroom.adapters.project_creation import create_project
    from darkroom.adapters.settings import open_lab

    lab = open_lab()
    folder = lab.shown(create_project(lab, name, source))
    console.emit({"name": name, "folder": folder}, lambda: _created(name, folder))


@command(app, "list")
def list_all() -> None:
    """List the projects."""
    from darkroom.adapters.projects import list_projects
    from darkroom.adapters.settings import open_lab

    found = list_projects(open_lab())
    rows = [[item.name, item.title, item.runs, item.folder] for item in found]
    console.emit(found, lambda: console.table(["name", "title", "runs", "folder"], rows))


@command(app, "check")
def check(names: _Names = None) -> None:
    """Check projects and tell every mistake of every file at once."""
    from darkroom.adapters.effective import check_everything

    found = check_everything([], names)
    console.emit(found, lambda: _checked(found.projects, found.warnings))


def _created(name: str, folder: str) -> None:
    console.say(f"created {folder}")
    console.note(
        f"say what you want in {folder}/config/rules.yaml, then: darkroom project check {name}"
    )


def _checked(names: tuple[str, ...], warnings: tuple[str, ...]) -> None:
    for name in names:
        console.say(f"{name}: no mistakes")
    if not names:
        console.note("there are no projects; `darkroom project create NAME` makes one")
    for text in warnings:
        console.warn(text)
