"""An experiment as one short message to the outside.

Owns which of its facts are told. Whether anybody is told is not decided here.
"""

from darkroom.core.notices import Notice
from darkroom.experiments.report import Report

FLOW = "experiment"


def notice_of(report: Report, link: str | None) -> Notice:
    """The message; an experiment without any image has failed."""
    best = report.cells[0] if report.cells else None
    return Notice(
        event="failed" if report.status == "empty" else "done",
        flow=FLOW,
        project=report.name.partition("/")[0],
        run=report.run_id,
        status=report.status,
        reason=report.reason,
        score=best.score if best else None,
        scale=report.scale,
        image=best.best_image if best else None,
        images=report.images,
        link=link,
    )
