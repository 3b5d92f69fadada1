"""Open a series of attempts: understand the request, reach the server and the scorers."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.core.scoring.refinement import seed_of
from darkroom.generating.drawing import Telling
from darkroom.generating.params import RefineParams
from darkroom.generating.refining import Refining, draw_seed
from tasks.ending import called_back
from tasks.listening import is_watched, say


@task(name="open series", cache_policy=NO_CACHE, persist_result=False)
def open_series(params: RefineParams, run: str) -> Refining:
    """Open the series these parameters mean; without a seed, it follows from the flow run."""

    def drawn() -> int:
        return seed_of(run) if run else draw_seed()

    telling = Telling(said=say, is_watched=is_watched())
    with called_back():
        return Refining(params.request(), params.asked(), telling, drawn)
