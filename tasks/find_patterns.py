"""Look for failure patterns in the warehouse."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.adapters.settings import open_lab
from darkroom.archive.patterns.analysing import Analysis
from darkroom.archive.patterns.asking import analysis_of
from darkroom.archive.patterns.params import PatternsParams


@task(
    name="find-patterns",
    cache_policy=NO_CACHE,  # what is there now is the question
    persist_result=False,
)
def find_patterns(params: PatternsParams) -> Analysis:
    """Count, test and choose."""
    return analysis_of(open_lab(), params.question)
