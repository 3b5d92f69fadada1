"""Show failure patterns in Prefect's own pages.

Owns the artifact. It is a view: a server that does not take it changes nothing.
"""

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from darkroom.archive.patterns.analysing import PatternReport
from darkroom.core.markdown import cell, table
from darkroom.core.patterns import Pattern
from tasks.listening import if_prefect_listens

_COLUMNS = ("pattern", "failed", "of", "rate", "95 %", "mostly", "status", "trial")


@task(name="show patterns", cache_policy=NO_CACHE, persist_result=False)
def show_patterns(report: PatternReport) -> None:
    """Write the table of patterns and what to do about each."""
    with if_prefect_listens():
        key = f"patterns-{report.project or 'all'}".replace("_", "-")
        create_markdown_artifact(markdown_of(report), key=key, description=_summary(report))


def markdown_of(report: PatternReport) -> str:
    """The report for people."""
    parts = [f"# Failure patterns of {report.project or 'all projects'}", f"{_summary(report)}."]
    if report.patterns:
        parts.append(table(_COLUMNS, [_row(one) for one in report.patterns]))
        parts += [f"- {cell(one.recommendation)}" for one in report.patterns]
    return "\n\n".join(parts)


def _summary(report: PatternReport) -> str:
    return (
        f"{report.failures} of {report.images} judged images failed ({report.base_rate:.0%}), "
        f"in {report.runs} runs; {len(report.patterns)} patterns of {report.tested} tested"
    )


def _row(one: Pattern) -> tuple[object, ...]:
    return (
        ", ".join(str(item) for item in one.items),
        one.tally.failures,
        one.sample_count,
        f"{one.failure_rate:.0%}",
        f"{one.interval.low:.0%}-{one.interval.high:.0%}",
        one.common_category,
        one.status,
        one.trial.verdict if one.trial else None,
    )
