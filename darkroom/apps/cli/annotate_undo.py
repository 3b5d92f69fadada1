"""`darkroom undo`: take back what was said."""

from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.annotate_doing import By, tell
from darkroom.apps.cli.door import command
from darkroom.apps.cli.search_table import Column, fitted
from darkroom.core.errors import UsageError

if TYPE_CHECKING:
    from darkroom.adapters.settings import Lab
    from darkroom.archive.annotating_log import Said
    from darkroom.archive.annotating_undoing import Action

_Names = Annotated[
    list[str] | None,
    typer.Argument(help="Images or runs whose latest words are taken back; else the last action."),
]
_Events = Annotated[
    list[str] | None, typer.Option("--event", help="An event by its id; repeatable.")
]
_List = Annotated[bool, typer.Option("--list", help="Show what this machine said, latest first.")]
_SHOWN = 20


def undo(
    names: _Names = None, *, event: _Events = None, show: _List = False, by: By = None
) -> None:
    """Take back what was said; undoing is one more event, and can be undone by its id."""
    from darkroom.adapters.settings import open_lab

    lab = open_lab()
    if show:
        _list(lab)
        return
    if names and event:
        raise UsageError("usage", "either name images or give --event, not both")
    _undo(lab, names or [], event or [], by)


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    command(root, "undo")(undo)


def _undo(lab: "Lab", names: list[str], events: list[str], by: str | None) -> None:
    from darkroom.archive.annotating import opened_annotator, targets_of
    from darkroom.archive.annotating_targets import meant
    from darkroom.archive.annotating_undoing import undo_events, undo_last, undo_on

    with opened_annotator(lab, by) as annotator:
        log = annotator.log
        if names:
            said = undo_on(log, targets_of(meant(lab, log.store, names)))
        else:
            said = undo_events(log, events) if events else undo_last(log)
    tell(lab, [said], f"`darkroom undo --event {_first(said)}` brings it again")


def _first(said: "Said") -> str:
    return said.events[0].id if said.events else ""


def _list(lab: "Lab") -> None:
    from darkroom.adapters.annotation_journal import journal_of
    from darkroom.archive.annotating_undoing import actions

    found = actions(journal_of(lab))[:_SHOWN]
    rows = [_row(action) for action in found]
    columns = [
        Column("at", "at"),
        Column("by", "by", rank=2),
        Column("on", "on", is_elastic=True),
        Column("said", "said", is_elastic=True),
        Column("undone", "undone", rank=3),
        Column("event", "event", rank=1),
    ]
    console.emit(rows, lambda: fitted(columns, rows))


def _row(action: "Action") -> dict[str, object]:
    from darkroom.archive.annotating_telling import in_words

    targets = action.targets
    more = f" and {len(targets) - 1} more" if len(targets) > 1 else ""
    told = in_words(action.changes)
    return {
        "at": action.at[:19].replace("T", " "),
        "by": action.by,
        "on": f"{targets[0]}{more}",
        "said": f"undid: {told}" if action.is_undoing else told,
        "undone": action.is_undone or None,
        "event": action.events[0].id,
        "events": [event.id for event in action.events],
    }
