"""Ask the judge that steers about one image, and save what it says."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.runs.judging import answer_questions
from darkroom.runs.run import Answers, Image, Run
from tasks.patience import DELAYS_S, JITTER, RETRIES, may_pass


@task(
    name="answer",
    cache_policy=NO_CACHE,  # the saved answers are read first
    retries=RETRIES,
    retry_delay_seconds=DELAYS_S,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_pass,
    persist_result=False,
)
def answer(run: Run, image: Image) -> Answers:
    """Have all questions and criteria answered."""
    return answer_questions(run, image)
