"""A run's report as one short message to the outside.

Owns which of a report's facts are told. Whether anybody is told is not decided here.
"""

from darkroom.core.notices import Notice
from darkroom.runs.report import RunReport
from darkroom.runs.run import Run

FLOW = "iterate"


def notice_of(run: Run, report: RunReport, link: str | None) -> Notice:
    """The message; a run without any image has failed."""
    best = run.best
    return Notice(
        event="failed" if report.status == "no-image" else "done",
        flow=FLOW,
        project=report.project,
        run=report.run_id,
        status=report.status,
        reason=report.reason,
        score=report.score,
        scale=100.0,
        image=report.image_key,
        images=sum(line.image_key is not None for line in report.iterations),
        link=link,
        prompt=best.tried.prompts.positive if best else None,
    )
