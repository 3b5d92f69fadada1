"""How experiments look: a plan, a bar while one runs, and its cells, the best first.

Owns the tables and the bar. Knows no run: it only hears what is told.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeAlias

from darkroom.apps import console
from darkroom.core.experiments.cells import Scalar
from darkroom.core.text import shortened
from darkroom.experiments import telling
from darkroom.experiments.planning import Plan
from darkroom.experiments.report import Report, interval_of, shown_labels
from darkroom.runs.telling import Event, Listener, line_of

_LONGEST = 48
_MINUTE_S = 60
_HOUR_S = 3600
_KB = 1000
Ears: TypeAlias = tuple[telling.Listener, Listener]


@contextmanager
def screen() -> Generator[Ears]:
    """Listen for as long as this is open, in the way the terminal allows."""
    with ExitStack() as stack:
        screen = _Screen(stack)
        yield screen.hear, screen.speak


class _Screen:
    """A bar that begins once it is known how much there is to do."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._advance: Callable[[int], None] | None = None

    def hear(self, event: telling.Event) -> None:
        """Show one event of the experiment."""
        match event:
            case telling.Opened():
                self._begin(event)
            case telling.Came(cell, result, _):
                if self._advance is not None:
                    self._advance(1)
                if result.cause is not None:
                    where = shown_labels(cell.labels)
                    console.note(f"{where}, seed {result.seed}: {result.cause}")
            case telling.Closed():
                self._stack.close()

    def speak(self, event: Event) -> None:
        """Say what the scheduler has to say."""
        if line := line_of(event):
            console.note(line)

    def _begin(self, event: telling.Opened) -> None:
        for text in event.away:
            console.warn(f"{text}; this run goes on without it")
        if event.run_id is None:
            console.note(f"{event.name}: all {event.images} images are there")
            return
        how = "goes on" if event.resumed else "begins"
        there = f", {event.there} are there" if event.there else ""
        again = f", {event.again} are judged again" if event.again else ""
        most = "at most " if event.is_open else ""
        counted = f"{most}{event.cells} cells, {event.images} images{there}{again}"
        console.note(f"{event.name}: run {event.run_id} {how}: {counted}")
        total = event.images - event.there
        self._advance = self._stack.enter_context(console.progress("images", total))


def show_plan(plan: Plan, most: int) -> None:
    """What an experiment means, then its cells."""
    console.table(("what", "value"), _facts(plan))
    if plan.cells:
        console.say("")
        names = _names([cell.labels for cell in plan.cells])
        rows = [
            (*_values(cell.labels, names), cell.there or None, cell.again or None, cell.missing)
            for cell in plan.cells
        ]
        console.table((*names, "there", "to judge again", "to draw"), _cut(rows, most))
        _say_rest(len(rows), most)
    for text in plan.warnings:
        console.warn(text)
    console.note("nothing was drawn")


def _facts(plan: Plan) -> list[tuple[str, object]]:
    told = plan.estimate
    ruled_out = plan.combinations - len(plan.cells)
    cells = f"{len(plan.cells)}" + (f" ({ruled_out} ruled out)" if ruled_out else "")
    known = plan.seeds
    seeds = f"{known}, to be drawn" if isinstance(known, int) else ", ".join(map(str, known))
    adaptive = plan.adaptive
    rows: list[tuple[str, object]] = [
        ("experiment", plan.name),
        ("about", plan.description or None),
        ("workflow", plan.workflow),
        ("hosts", ", ".join(plan.hosts)),
        ("judged by", plan.judge),
        ("cells", cells),
        ("seeds", shortened(seeds, 100)),
        ("images", plan.images),
        ("already there", plan.there),
        ("to draw", plan.to_draw),
        ("time", f"about {duration(told.seconds)} ({told.seconds_from})"),
        ("disk", f"about {size(told.disk_bytes)} ({told.disk_from})"),
        ("models", ", ".join(plan.models) or None),
    ]
    if adaptive is not None:
        chosen = f"at most {adaptive['trials']}, chosen by {adaptive['sampler']}"
        rows[5] = ("cells", chosen)
    if plan.repeats > 1:
        rows.insert(7, ("repeats", plan.repeats))
    if plan.attempts > 1:
        told_so = f"up to {plan.attempts} for each; time and disk are those of all"
        rows.append(("attempts", told_so))
    if plan.again:
        rows.append(("to judge again", f"{plan.again}: the rules or the judge changed"))
    if plan.cut:
        rows.append(("beyond the budget", f"{plan.cut} images stay undrawn"))
    if plan.goes_on_with:
        rows.append(("goes on with", plan.goes_on_with))
    return rows


def show_report(report: Report, most: int) -> None:
    """The cells, the best first, and what it came to."""
    names = _names([line.labels for line in report.cells])
    judged = any(line.score is not None for line in report.cells)
    passing = any(line.judged for line in report.cells)
    columns = [*names]
    columns += ["score", "95 % interval"] if judged else []
    columns += ["passed"] if passing else []
    columns += ["images", "failed", "seconds", "best image" if judged else "image"]
    rows: list[tuple[object, ...]] = []
    for line in report.cells:
        row: list[object] = [*_values(line.labels, names)]
        if judged:
            score = None if line.score is None else f"{line.score:.1f}"
            row += [score, interval_of(line.low, line.high)]
        row += [f"{line.passed} of {line.judged}"] if passing else []
        seconds = None if line.seconds is None else f"{line.seconds:.2f}"
        rows.append((*row, line.images, line.failed or None, seconds, line.best_image))
    console.table(columns, _cut(rows, most))
    _say_rest(len(rows), most)
    console.say(_summary(report))
    if text := report.on_versions:
        console.note(f"note: {text}")
    if report.status == "cut":
        console.note(f"{report.reason}; `darkroom experiment resume {report.name}` goes on")


def _summary(report: Report) -> str:
    drawn = f"{report.drawn} drawn now" if report.drawn else "none drawn now"
    again = f", {report.judged_again} judged again" if report.judged_again else ""
    run = f"run {report.run_id}" if report.run_id else "no new run"
    counted = f"{report.images} of {report.wanted} images are there ({drawn}{again})"
    return f"{report.name}, {run}: {report.reason}; {counted}; scores are out of {report.scale:g}"


def _names(labels: Sequence[Mapping[str, Scalar]]) -> list[str]:
    return list(dict.fromkeys(name for each in labels for name in each))


def _values(labels: Mapping[str, Scalar], names: Sequence[str]) -> list[object]:
    found: list[object] = []
    for name in names:
        value = labels.get(name)
        text = shortened(value, _LONGEST) if isinstance(value, str) else value
        found.append('""' if text == "" else text)
    return found


def _cut(rows: Sequence[tuple[object, ...]], most: int) -> Sequence[tuple[object, ...]]:
    return rows[:most] if most else rows


def _say_rest(count: int, most: int) -> None:
    if most and count > most:
        console.note(f"... and {count - most} cells more; --cells 0 shows all")


def duration(seconds: float) -> str:
    """A time as people say it."""
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    return f"{seconds / _HOUR_S:.1f} h"


def size(count: int) -> str:
    """Bytes as people say them."""
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < _KB:
            return f"{value:.0f} {unit}"
        value /= _KB
    return f"{value:.1f} TB"
