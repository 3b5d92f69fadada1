"""Draw the trial of one candidate."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.adapters.settings import open_lab
from darkroom.archive.patterns import trying
from darkroom.archive.patterns.analysing import Analysis
from darkroom.core.patterns import Pattern
from tasks.ending import called_back
from tasks.gpu_slot import gpu_slot


@task(
    name="try-pattern",
    cache_policy=NO_CACHE,  # every trial draws anew; a second try would draw a second one
    persist_result=False,
)
def try_pattern(analysis: Analysis, pattern: Pattern, count: int) -> trying.Tried:
    """Draw so many fresh images with the pattern, and as many without it."""
    with called_back():
        return trying.try_pattern(open_lab(), analysis, pattern, count, slot=gpu_slot)
