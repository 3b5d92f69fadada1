"""Find failure patterns and, where asked, try every candidate with fresh seeds.

Owns the order: look, draw, take what was drawn into the warehouse, look again.
"""

from prefect import flow

from darkroom.archive.patterns.analysing import PatternReport
from darkroom.archive.patterns.confirming import candidates_of
from darkroom.archive.patterns.params import PatternsParams
from darkroom.archive.syncing_params import SyncParams
from tasks.find_patterns import find_patterns
from tasks.synchronise import synchronise
from tasks.try_pattern import try_pattern


@flow(
    name="patterns",
    description="Say what failed images have in common, and try it with fresh seeds.",
    persist_result=False,
    log_prints=False,
)
def patterns(params: PatternsParams = PatternsParams()) -> PatternReport:  # noqa: B008 - it is frozen
    """Look for patterns; with `confirm`, try the candidates and look again."""
    found = find_patterns(params)
    candidates = candidates_of(found.report) if params.confirm else ()
    for pattern in candidates:
        try_pattern(found, pattern, params.images)
    if not candidates:
        return found.report
    synchronise(SyncParams())
    return find_patterns(params).report
