"""`darkroom rules`: check the rules of projects, and have a model suggest better ones."""

from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command, group

if TYPE_CHECKING:
    from darkroom.runs.rule_overview import Overview
    from darkroom.runs.suggesting import Suggestion

app = group("The rules of a project: check them, have better ones suggested.")

_Name = Annotated[str, typer.Argument(help="The project.")]
_Apply = Annotated[bool, typer.Option("--apply", help="Write them; the old file is kept.")]


@command(app, "check")
def check(name: _Name) -> None:
    """Check rules.yaml and say what each criterion does to the prompts."""
    from darkroom.runs.rule_overview import overview

    found = overview(name)
    console.emit(found, lambda: _show(found))


@command(app, "suggest")
def suggest(name: _Name, apply: _Apply = False) -> None:
    """Have the project's vision model suggest better rules."""
    from darkroom.runs.suggesting import suggest_rules

    found = suggest_rules(name, apply=apply)
    console.emit(found, lambda: _show_suggestion(found))


def _show(found: "Overview") -> None:
    rows = [[row.field, row.type, row.wants, row.on_fail, row.effect] for row in found.criteria]
    console.table(("criterion", "type", "wants", "on fail", "effect on the prompts"), rows)
    console.say(f"positive: {found.positive}")
    console.say(f"negative: {found.negative}")
    console.note(f"{found.project}: no mistakes")


def _show_suggestion(found: "Suggestion") -> None:
    console.say(found.rules)
    if found.notes:
        console.note(found.notes)
    if found.applied:
        console.note(f"written to config/rules.yaml; the old rules are in {found.kept}")
    else:
        console.note("nothing is written; add --apply to take these rules over")
