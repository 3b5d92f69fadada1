"""The one place that writes to the terminal and chooses the exit code.

stdout carries data only: what a command found, as text for people or as JSON.
stderr carries talk: notes, progress, errors. Everything printed for people goes
through `visible`, so no prompt or file name can act on the terminal. Commands
raise `DarkroomError`; nothing else here or above decides what an error looks like.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum

from darkroom.apps.plain import plain
from darkroom.core.errors import ConfigError, DarkroomError, OurMistake
from darkroom.core.text import visible


class Exit(IntEnum):
    """What a finished command tells the shell; documented in docs/errors.md."""

    DONE = 0
    NOT_ACCEPTED = 1
    """Ran to the end; no image met the criteria."""
    USAGE = 2
    """A flag, a name or a file is wrong."""
    UNREACHABLE = 3
    """Something outside did not answer or refused."""
    DAMAGED = 4
    """Data is not what it should be."""
    OUR_MISTAKE = 70
    """A fault in Darkroom itself."""
    INTERRUPTED = 130


@dataclass
class _Mode:
    as_json: bool = False
    verbose: bool = False


_mode = _Mode()


def configure(*, as_json: bool, verbose: bool) -> None:
    """Choose, once per process, between text and JSON and how much to say."""
    _mode.as_json = as_json
    _mode.verbose = verbose


def is_live() -> bool:
    """Whether a display that changes in place has somebody to look at it."""
    return sys.stderr.isatty() and not _mode.as_json


def emit(data: object, human: Callable[[], None] | None = None) -> None:
    """Print what a command found: JSON when asked for, else by the given function."""
    if _mode.as_json or human is None:
        sys.stdout.write(json.dumps(plain(data), indent=2, ensure_ascii=False) + "\n")
    else:
        human()


def say(text: str) -> None:
    """Print one piece of the answer for people."""
    sys.stdout.write(visible(text) + "\n")


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows in aligned columns; nothing is ever cut, so pipes get all of it."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [
        max(len(line[index]) for line in [list(columns), *cells]) for index in range(len(columns))
    ]
    sys.stdout.write(_bold(_line(columns, widths)) + "\n")
    for row in cells:
        sys.stdout.write(_line(row, widths) + "\n")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return visible(text).replace("\n", " ").replace("\t", " ")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(text.ljust(width) for text, width in zip(cells, widths, strict=True)).rstrip()


def note(text: str) -> None:
    """Say something beside the answer: what was assumed, what comes next."""
    if not _mode.as_json:
        sys.stderr.write(visible(text) + "\n")


def warn(text: str) -> None:
    """Say what is not as it should be, though the command goes on."""
    label = _colour("warning:", "33", sys.stderr.isatty())
    sys.stderr.write(f"{label} {visible(text)}\n")


def detail(text: str) -> None:
    """Say what only `--verbose` should show."""
    if _mode.verbose:
        note(text)


@contextmanager
def progress(label: str, total: int | None, parts: int = 1) -> Generator[Callable[[int], None]]:
    """Show how far a long command is; yields a function that moves it on by n.

    Where a bar moves within one thing, `total` counts that many parts of each.
    """
    if _mode.as_json or total == 0:
        yield _unmoved
    elif is_live():
        with _bar(label, total) as advance:
            yield advance
    else:
        yield _milestones(label, total, parts)


def _unmoved(_count: int) -> None:
    return


@contextmanager
def _bar(label: str, total: int | None) -> Generator[Callable[[int], None]]:
    # imported here: a command that shows no bar should not wait for it
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(file=sys.stderr), transient=True) as bars:
        task = bars.add_task(visible(label), total=total)
        yield lambda count: bars.advance(task, count)


def _milestones(label: str, total: int | None, parts: int) -> Callable[[int], None]:
    """A line for each tenth of the way: enough for a log, not a flood."""
    moved = 0
    whole = total // parts if total else 0

    def advance(count: int) -> None:
        nonlocal moved
        before, moved = moved // parts, moved + count
        done = moved // parts
        if whole and before * 10 // whole != done * 10 // whole:
            note(f"{label}: {done} of {whole}")

    return advance


def fail(error: DarkroomError) -> Exit:
    """Show one error and say which exit code it means."""
    if _mode.as_json:
        sys.stderr.write(json.dumps({"error": plain(error.as_dict())}, ensure_ascii=False) + "\n")
    else:
        _show(error)
    return Exit(error.exit_code)


def _show(error: DarkroomError) -> None:
    label = _colour("error", "31", sys.stderr.isatty())
    place = f" at {visible(error.where)}" if error.where else ""
    sys.stderr.write(f"{label} [{error.code}]{place}: {visible(error.message)}\n")
    if isinstance(error, ConfigError):
        for problem in error.problems:
            sys.stderr.write(f"  {visible(str(problem))}\n")
    sys.stderr.write(f"  hint: {visible(error.hint)}\n")
    if _mode.verbose:
        _show_causes(error)


def _show_causes(error: BaseException) -> None:
    cause = error.__cause__ or error.__context__
    while cause is not None:
        sys.stderr.write(f"  cause: {type(cause).__name__}: {visible(str(cause))}\n")
        cause = cause.__cause__ or cause.__context__


def fail_unexpectedly(error: Exception) -> Exit:
    """Own up to a fault in Darkroom; the traceback only when asked for."""
    failure = OurMistake("internal", f"{type(error).__name__}: {error}")
    meaning = fail(failure)
    if _mode.verbose:
        sys.stderr.write(visible("".join(traceback.format_exception(error))))
    return meaning


def _bold(text: str) -> str:
    return _colour(text, "1", sys.stdout.isatty())


def _colour(text: str, code: str, is_terminal: bool) -> str:
    wanted = is_terminal and not os.environ.get("NO_COLOR")
    return f"\x1b[{code}m{text}\x1b[0m" if wanted else text
