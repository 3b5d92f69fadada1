"""Prefect's pages are a view: a server that takes nothing more changes nothing in the work.

Owns what counts as a server that went away, and that it is said once.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager

import httpx
from prefect.exceptions import PrefectException

from darkroom.runs.telling import Said, tell

AWAY = (PrefectException, httpx.HTTPError, OSError, RuntimeError)


def _nothing() -> None:
    """Nobody has to know."""


@contextmanager
def if_prefect_listens(on_away: Callable[[], None] = _nothing) -> Generator[None]:
    """Write to Prefect's pages; a server that went away is told of and left alone."""
    try:
        yield
    except AWAY as error:
        on_away()
        tell(Said(f"Prefect takes no more pages of this ({type(error).__name__})"))
