"""What Prefect is told beside the work: its pages, and the log of the flow run.

Owns what counts as a server that went away, that it is said once, which of the things that
are told stand in the log, and whether somebody looks on. All of it is a view: a server that
takes nothing more changes nothing in the work.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

import httpx
from prefect.context import FlowRunContext
from prefect.exceptions import MissingContextError, PrefectException
from prefect.logging import get_run_logger

from darkroom.runs.telling import Event, Said, also_heard_by, tell

AWAY = (PrefectException, httpx.HTTPError, OSError, RuntimeError)


def say(text: str) -> None:
    """Tell whoever listens, and the log of the flow run."""
    tell(Said(text))


@contextmanager
def in_its_log() -> Generator[None]:
    """Have what a person should know stand in the log of the flow run as well."""
    with also_heard_by(_logged):
        yield


def is_watched() -> bool:
    """Whether a person began the present flow run and waits for it; a schedule is none."""
    context = FlowRunContext.get()  # `prefect.runtime` would ask a server that may be away
    run = context.flow_run if context else None
    return run is None or run.deployment_id is None


def _logged(event: Event) -> None:
    if isinstance(event, Said):
        with suppress(MissingContextError):  # a thread of ours outside of any run
            get_run_logger().info(event.text)


def _nothing() -> None:
    """Nobody has to know."""


@contextmanager
def if_prefect_listens(on_away: Callable[[], None] = _nothing) -> Generator[None]:
    """Write to Prefect's pages; a server that went away is told of and left alone."""
    try:
        yield
    except AWAY as error:
        on_away()
        say(f"Prefect takes no more pages of this ({type(error).__name__})")
