"""How a run looks while it goes on: a live table on a terminal, plain lines elsewhere.

Owns the drawing of events on stderr. Knows no run: it only hears what is told.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from darkroom.apps import console
from darkroom.core.text import visible
from darkroom.runs.records import judged_score
from darkroom.runs.telling import (
    Began,
    Closed,
    Drawing,
    Drew,
    Event,
    Failed,
    Judged,
    Listener,
    Opened,
    Said,
    line_of,
)

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

_ROWS = 12
_BAR = 24


@contextmanager
def screen() -> Generator[Listener]:
    """Listen for as long as this is open, in the way the terminal allows."""
    if not console.is_live():
        yield _plain
        return
    from rich.console import Console
    from rich.live import Live

    board = Board()
    with Live(console=Console(file=sys.stderr), refresh_per_second=8) as live:
        yield lambda event: _show(live, board, event)


def _plain(event: Event) -> None:
    if line := line_of(event):
        console.note(line)


def _show(live: "Live", board: "Board", event: Event) -> None:
    board.hear(event)
    live.update(board.drawn())


class Board:
    """What the terminal shows: the iterations so far and the one under way."""

    def __init__(self) -> None:
        self.title = ""
        self.now = ""
        self.rows: dict[int, list[str]] = {}

    def hear(self, event: Event) -> None:
        """Take one event in."""
        match event:
            case Opened() | Said():
                self._hear_talk(event)
            case Began(step):
                self.rows[step.iteration] = [str(step.iteration), "", "", step.why]
                self.now = "drawing"
            case Drawing():
                self.now = f"drawing {_bar(event)}"
            case Drew():
                self.now = "looking at it"
            case Closed():
                self.now = ""
            case Judged(number, evaluation, _):
                failed = ", ".join(evaluation.failed) or "nothing"
                score = judged_score(evaluation)
                self._end(number, "-" if score is None else f"{score:.0f}", failed)
            case Failed(number, reason):
                self._end(number, "-", reason)

    def _hear_talk(self, event: Opened | Said) -> None:
        if isinstance(event, Opened):
            self.title = line_of(event) or ""
        else:
            self.now = event.text

    def _end(self, number: int, score: str, failed: str) -> None:
        row = self.rows.setdefault(number, [str(number), "", "", ""])
        row[1:3] = [score, failed]
        self.now = "deciding what changes next"

    def drawn(self) -> "RenderableType":
        """The board as rich shows it."""
        from rich.table import Table

        table = Table(
            "iteration", "score", "failed", "why it was drawn so", title=_safe(self.title)
        )
        for row in list(self.rows.values())[-_ROWS:]:
            table.add_row(*map(_safe, row))
        table.caption = _safe(self.now)
        return table


def _safe(text: str) -> str:
    """Text that acts neither on the terminal nor as rich's own markup."""
    return visible(text).replace("[", "\\[")


def _bar(event: Drawing) -> str:
    step, steps = event.progress.step, event.progress.steps
    if step is None or not steps:
        return ""
    done = min(_BAR, _BAR * step // steps)
    return f"{'#' * done}{'.' * (_BAR - done)} {step}/{steps}"
