"""What a run came to: the record doors show, and the same as Markdown.

Owns both forms and the exit code's meaning: accepted, best effort, or no image at
all. Reads nothing; everything in it was saved before.
"""

from dataclasses import dataclass
from typing import Literal

from darkroom.core.decide import Accept, GiveUp
from darkroom.core.markdown import table
from darkroom.runs.records import judged_score
from darkroom.runs.run import Iteration, Run

Status = Literal["accepted", "best-effort", "no-image"]


@dataclass(frozen=True)
class Line:
    """One iteration, as a table shows it."""

    iteration: int
    score: float | None
    similarity: float | None
    holdout: float | None
    failed: tuple[str, ...]
    base: str
    seed: int
    denoise: float
    cfg: float
    image_key: str | None
    why: str
    failure: str | None


@dataclass(frozen=True)
class RunReport:
    """The whole run."""

    project: str
    run_id: str
    status: Status
    reason: str
    best: int | None
    score: float | None
    holdout: float | None
    image_key: str | None
    output: str | None
    """The copy beside the project, as seen from it."""
    iterations: tuple[Line, ...]
    control: dict[str, object] | None = None
    """What plain reseeding with the same number of images came to, where asked for."""
    notes: tuple[str, ...] = ()
    """What servers did in the middle of the work: one died, one came back."""


def line_of(item: Iteration) -> Line:
    """One iteration as a line."""
    tried = item.tried
    return Line(
        iteration=tried.iteration,
        score=judged_score(tried.evaluation),
        similarity=item.comparison.similarity if item.comparison else None,
        holdout=item.holdout,
        failed=tried.evaluation.failed if tried.evaluation else (),
        base=tried.base,
        seed=tried.settings.seed,
        denoise=tried.settings.denoise,
        cfg=tried.settings.cfg,
        image_key=item.image.key if item.image else None,
        why=item.why,
        failure=tried.failure,
    )


def report_of(run: Run, step: Accept | GiveUp) -> RunReport:
    """What the run came to, from its last decision."""
    number = step.iteration if isinstance(step, Accept) else step.best
    best = run.iteration(number) if number is not None else None
    kept = line_of(best) if best else None
    status: Status = "accepted" if isinstance(step, Accept) else "best-effort"
    return RunReport(
        project=run.project.name,
        run_id=run.keys.run_id,
        status=status if best else "no-image",
        reason="every criterion is met" if isinstance(step, Accept) else step.why,
        best=number,
        score=kept.score if kept else None,
        holdout=kept.holdout if kept else None,
        image_key=kept.image_key if kept else None,
        output="output/output.png" if best else None,
        iterations=tuple(line_of(item) for item in run.iterations),
        notes=tuple(run.meanwhile),
    )


COLUMNS = ("iteration", "score", "failed", "from", "denoise", "cfg", "seed", "why")


def rows_of(report: RunReport) -> list[list[object]]:
    """The table of iterations, for a terminal."""
    return [_row(line) for line in report.iterations]


def _row(line: Line) -> list[object]:
    score = None if line.score is None else f"{line.score:.0f}"
    failed = line.failure or ", ".join(line.failed) or "-"
    return [line.iteration, score, failed, line.base, line.denoise, line.cfg, line.seed, line.why]


def markdown_of(report: RunReport) -> str:
    """The closing report for people."""
    head = [
        f"# {report.project}, run {report.run_id}: {report.status}",
        "",
        f"{report.reason}. Best iteration: {_or_none(report.best)}, "
        f"score {_or_none(report.score)} of 100.",
    ]
    if report.holdout is not None:
        head.append(f"The judge that only watched gave it {report.holdout:.0f} of 100.")
    if report.control is not None:
        head.append(f"Plain reseeding with the same budget: {report.control.get('summary')}.")
    head += [f"Meanwhile: {text}." for text in report.notes]
    return "\n".join([*head, "", table(COLUMNS, rows_of(report)), ""])


def _or_none(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"
