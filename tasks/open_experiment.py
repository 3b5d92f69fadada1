"""Open an experiment: read it, reach its servers, compare its cells with them."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.experiments.params import ExperimentParams
from darkroom.experiments.running import Work
from tasks.ending import called_back
from tasks.listening import is_watched, say
from tasks.patience import DELAYS_S, JITTER, RETRIES, may_pass


@task(
    name="open experiment",
    cache_policy=NO_CACHE,
    retries=RETRIES,
    retry_delay_seconds=DELAYS_S,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_pass,
    persist_result=False,
)
def open_experiment(params: ExperimentParams) -> Work:
    """Open the run these parameters mean; one that is still open goes on."""
    with called_back():
        return Work(
            params.experiment,
            is_test=params.is_test,
            resume=params.resume,
            said=say,
            is_watched=is_watched(),
        )
