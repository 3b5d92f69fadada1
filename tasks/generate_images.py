"""Draw the images of one order."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.core.scoring.refinement import seed_of
from darkroom.generating.ordering import GenerateParams, GenerateReport, order
from darkroom.generating.refining import draw_seed
from tasks.ending import called_back
from tasks.gpu_slot import gpu_slot
from tasks.listening import is_watched, say
from tasks.patience import DELAYS_S, JITTER, RETRIES, may_pass


@task(
    name="generate images",
    cache_policy=NO_CACHE,  # the store is asked for every job key first
    retries=RETRIES,
    retry_delay_seconds=DELAYS_S,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_pass,
    persist_result=False,
)
def generate_images(params: GenerateParams, run: str) -> GenerateReport:
    """Draw them; without a seed, it follows from the flow run, so that a second try finds them."""
    with called_back():
        return order(
            params,
            lambda: seed_of(run) if run else draw_seed(),
            gpu_slot,
            say,
            is_watched=is_watched(),
        )
