"""Draw one image and store it."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.core.decide import Try
from darkroom.runs.drawing import draw_image
from darkroom.runs.run import Image, Run
from tasks.ending import called_back
from tasks.gpu_slot import gpu_slot
from tasks.patience import DELAYS_S, JITTER, RETRIES, may_pass


@task(
    name="draw",
    cache_policy=NO_CACHE,  # the store is asked for the job key first
    retries=RETRIES,
    retry_delay_seconds=DELAYS_S,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_pass,
    persist_result=False,
)
def draw(run: Run, step: Try) -> Image:
    """Draw the image of an iteration, or find it drawn already."""
    with called_back():
        return draw_image(run, step, gpu_slot)
