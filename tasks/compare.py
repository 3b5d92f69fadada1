"""Compare one image with the input image."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.adapters.vision.judge import Comparison
from darkroom.runs.judging import compare_images
from darkroom.runs.run import Image, Run
from tasks.patience import DELAYS_S, JITTER, RETRIES, may_pass


@task(
    name="compare",
    cache_policy=NO_CACHE,  # the saved comparison is read first
    retries=RETRIES,
    retry_delay_seconds=DELAYS_S,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_pass,
    persist_result=False,
)
def compare(run: Run, image: Image) -> Comparison | None:
    """Say how much the image differs from the one it was made from."""
    return compare_images(run, image)
