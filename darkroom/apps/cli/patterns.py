"""`darkroom patterns`: what failed images have in common, and trials that prove it."""

from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command

if TYPE_CHECKING:
    from darkroom.archive.patterns.analysing import PatternReport
    from darkroom.archive.patterns.confirming import Confirmation
    from darkroom.core.patterns import Pattern

_Model = Annotated[str | None, typer.Option("--model", help="Only images of this model.")]
_Project = Annotated[str | None, typer.Option("--project", help="Only images of this project.")]
_Least = Annotated[
    int, typer.Option("--min-occurrences", help="A pattern has at least so many judged images.")
]
_Threshold = Annotated[
    float,
    typer.Option("--failure-threshold", help="A pattern may fail at least at this rate, 0 to 1."),
]
_Confirm = Annotated[
    bool,
    typer.Option("--confirm", help="Draw fresh images with and without each candidate."),
]
_NOBODY = "no person, no judge and no grade says what failed"
_Images = Annotated[
    int, typer.Option("--images", help="With --confirm: so many on each side of a trial.")
]


def patterns(
    model: _Model = None,
    project: _Project = None,
    min_occurrences: _Least = 10,
    failure_threshold: _Threshold = 0.7,
    confirm: _Confirm = False,
    images: _Images = 12,
) -> None:
    """Say what failed images have in common: values, pairs and triples that surely fail more."""
    from darkroom.adapters.settings import open_lab
    from darkroom.archive.patterns.asking import Question, analysis_of
    from darkroom.archive.patterns.confirming import confirm_patterns
    from darkroom.core.patterns import Limits

    lab = open_lab()
    question = Question(model, project, Limits(min_occurrences, failure_threshold))
    if not confirm:
        report = analysis_of(lab, question).report
        console.emit(_plain(report), lambda: _show(report))
        return
    with console.progress("drawing", None) as advance:
        found = confirm_patterns(lab, question, images, advance)
    console.emit(_plain_trials(found), lambda: _show_trials(found))


def _plain(report: "PatternReport") -> dict[str, object]:
    return {
        "project": report.project,
        "model": report.model,
        "images": report.images,
        "failures": report.failures,
        "base_rate": report.base_rate,
        "runs": report.runs,
        "tested": report.tested,
        "patterns": [_plain_pattern(one) for one in report.patterns],
    }


def _plain_pattern(one: "Pattern") -> dict[str, object]:
    return {
        "pattern": one.pattern,
        "failure_rate": one.failure_rate,
        "sample_count": one.sample_count,
        "common_category": one.common_category,
        "interval": [one.interval.low, one.interval.high],
        "p_value": one.p_value,
        "runs": one.runs,
        "status": one.status,
        "trial": one.trial,
        "same_as": [[str(item) for item in items] for items in one.same_as],
        "recommendation": one.recommendation,
    }


def _plain_trials(found: "Confirmation") -> dict[str, object]:
    trials = [
        {
            "pattern": [str(item) for item in one.items],
            "run": one.trial.run if one.trial else None,
            "drawn": one.drawn,
            "judge": one.judge,
            "note": one.note,
        }
        for one in found.trials
    ]
    return {**_plain(found.report), "trials": trials}


def _show(report: "PatternReport") -> None:
    if not report.images:
        console.say(f"nothing is judged yet{_where(report)}: {_NOBODY}")
        return
    if not report.patterns:
        console.say(
            f"no pattern: {report.failures} of {report.images} judged images failed "
            f"({report.base_rate:.0%}), and no value, pair or triple surely fails more than "
            f"others ({report.tested} tested)"
        )
        return
    columns = ["pattern", "failed", "of", "rate", "95 %", "runs", "mostly", "status", "trial"]
    console.table(columns, [_row(one) for one in report.patterns])
    for one in report.patterns:
        console.say(f"\n{one.recommendation}")
    console.note(
        f"{report.images} judged images in {report.runs} runs, {report.base_rate:.0%} of them "
        f"failed; {report.tested} values, pairs and triples were tested"
    )


def _where(report: "PatternReport") -> str:
    """What was asked for; a name nobody uses finds as little as one nobody judged."""
    asked = (("project", report.project), ("the model", report.model))
    named = [f"{what} {name!r}" for what, name in asked if name is not None]
    return f" in {' with '.join(named)} (names are taken as they are)" if named else ""


def _row(one: "Pattern") -> list[object]:
    return [
        ", ".join(str(item) for item in one.items),
        one.tally.failures,
        one.sample_count,
        f"{one.failure_rate:.0%}",
        f"{one.interval.low:.0%}-{one.interval.high:.0%}",
        one.runs,
        one.common_category,
        one.status,
        _trial(one),
    ]


def _trial(one: "Pattern") -> str | None:
    if one.trial is None:
        return None
    sides = (one.trial.with_it, one.trial.without_it)
    return " against ".join(f"{side.failures} of {side.count}" for side in sides)


def _show_trials(found: "Confirmation") -> None:
    for one in found.trials:
        name = ", ".join(str(item) for item in one.items)
        run = f" in {one.trial.run}" if one.trial else ""
        console.note(f"tried {name}: {one.drawn} images{run}{f'; {one.note}' if one.note else ''}")
        if one.drawn and one.judge is None:
            console.note("  no judge knows these images: rate them, then run `darkroom patterns`")
    if not found.trials:
        console.note("there was no candidate to try")
    _show(found.report)


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    command(root, "patterns")(patterns)
