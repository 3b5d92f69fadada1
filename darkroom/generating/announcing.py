"""A series of attempts as one short message to the outside.

Owns which of its facts are told. Whether anybody is told is not decided here.
"""

from darkroom.core.notices import Notice
from darkroom.generating.series import Refined, Series

FLOW = "refine"


def notice_of(series: Series, report: Refined, link: str | None) -> Notice:
    """The message; a series without any image has failed."""
    best = series.trials[report.best - 1] if report.best else None
    return Notice(
        event="failed" if report.status == "no_image" else "done",
        flow=FLOW,
        project=series.keys.project,
        run=series.keys.run_id,
        status=report.status,
        reason=report.reason,
        score=report.composite_score,
        scale=10.0,
        image=report.key,
        images=sum(line.key is not None for line in report.attempts),
        link=link,
        prompt=best.prompt if best else None,
    )
