"""Find failure patterns and, where asked, try every candidate with fresh seeds.

Owns the order: look, draw, take what was drawn into the warehouse, look again.
"""

from prefect import flow

from blocks.connecting import connected
from darkroom.archive.patterns.analysing import PatternReport
from darkroom.archive.patterns.confirming import candidates_of
from darkroom.archive.patterns.params import PatternsOptions, PatternsParams
from darkroom.archive.syncing_params import SyncParams
from darkroom.core.config.forms import Connections, ProjectName
from tasks.find_patterns import find_patterns
from tasks.listening import in_its_log
from tasks.show_patterns import show_patterns
from tasks.synchronise import synchronise
from tasks.try_pattern import try_pattern


@flow(
    name="patterns",
    description="Say what failed images have in common, and try it with fresh seeds.",
    persist_result=False,
    log_prints=False,
)
def patterns(
    project: ProjectName | None = None,
    options: PatternsOptions = PatternsOptions(),  # noqa: B008 - it is frozen
    connections: Connections = Connections(),  # noqa: B008 - it is frozen
) -> PatternReport:
    """Look for patterns; with `confirm`, try the candidates and look again.

    Args:
        project: Only images of this project; left out, all.
        options: Which patterns to look for, and whether to try them.
        connections: Blocks of this Prefect server that the run uses.
    """
    with connected(connections), in_its_log():
        report = carry_out(options.of(project))
        show_patterns(report)
        return report


def carry_out(params: PatternsParams) -> PatternReport:
    """Look, try, and look again."""
    found = find_patterns(params)
    candidates = candidates_of(found.report) if params.confirm else ()
    for pattern in candidates:
        try_pattern(found, pattern, params.images)
    if not candidates:
        return found.report
    synchronise(SyncParams())
    return find_patterns(params).report
