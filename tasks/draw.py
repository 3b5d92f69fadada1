"""Draw one image and store it."""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import NoReturn

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import TerminationSignal

from darkroom.core.decide import Try
from darkroom.core.errors import Interrupted
from darkroom.runs.drawing import draw_image
from darkroom.runs.run import Image, Run
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
    with called_back_when_ended(), gpu_slot(run.tools.renderer.name):
        return draw_image(run, step)


@contextmanager
def called_back_when_ended() -> Generator[None]:
    """Have SIGTERM take the job off the server, as Ctrl-C does, before Prefect hears of it."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread hears signals
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except Interrupted as exc:
        raise TerminationSignal(signal=signal.SIGTERM) from exc
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise Interrupted("interrupted", "stopped before the end")
