"""Commit one judged image with its sidecar."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.core.decide import Try
from darkroom.runs.committing import Findings, commit_image
from darkroom.runs.run import Image, Iteration, Run
from tasks.patience import DELAYS_S, JITTER, RETRIES, may_pass


@task(
    name="commit",
    cache_policy=NO_CACHE,  # every document is written once
    retries=RETRIES,
    retry_delay_seconds=DELAYS_S,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_pass,
    persist_result=False,
)
def commit(run: Run, step: Try, image: Image, findings: Findings) -> Iteration:
    """Save the evaluation, commit the image, move the checkpoint on."""
    return commit_image(run, step, image, findings)
